-- find_newest_jobs: a page of jobs in the order of their ids, of those that are queued in the order of their places in line.
-- find_oldest_jobs: the same from the other end. It is made from this file, too (scripts/embed-sql.mjs).
--   $1 text status or null   $2 text entrypoint or null   $3 int priority or null   $4 bigint worker or null
--   $5 timestamptz created from then on, or null   $6 timestamptz created before, or null
--   $7 bigint only what comes behind this cursor, or null   $8 int at most so many   $9 int looks at so many rows at most
-- Locks: none.   Index: job_pkey, ready_pkey (by jumps from line to line, 2,000 at most), deferred_pkey, held_pkey, outcome_pkey, and
-- outcome_failed_idx for ends other than successful. Of each place $9 rows are read at most, whatever matches; claim is read whole.
--
-- Jobs are looked up by no join: the plan of one, made while the tables were empty, would read all of them.
-- An equal status would be taken for no part of an order, and so the history be read by its primary key until enough is found.
-- Of the lines of queued jobs each is looked at so far that all together are $9 rows. What lies behind the end of the look at any line is
-- left for the next page, which begins there: a last row without an id says where.
with recursive line as (
  (
    select ready.entrypoint, ready.rank
    from pgqueuer.ready as ready
    where $1::text = 'queued' and $4::bigint is null
      and ready.entrypoint >= coalesce($2::text, '') and ready.entrypoint <= coalesce($2::text, chr(1114111))
    order by ready.entrypoint, ready.rank
    limit 1
  )
  union all
  select next.entrypoint, next.rank
  from line
  cross join lateral (
    select ready.entrypoint, ready.rank
    from pgqueuer.ready as ready
    where (ready.entrypoint, ready.rank) > (line.entrypoint, line.rank) and ready.entrypoint <= coalesce($2::text, chr(1114111))
    order by ready.entrypoint, ready.rank
    limit 1
  ) as next
),
chosen as materialized (
  select first.entrypoint, first.rank
  from (select line.entrypoint, line.rank from line limit 2000) as first
  where $3::int is null or first.rank = ~$3::int
),
share as materialized (
  select greatest(1, least(
    case when $5::timestamptz is null and $6::timestamptz is null then $8::int else $9::int end,
    $9::int / greatest(1, count(*))
  ))::int as rows
  from chosen
),
looked as materialized (
  select walked.job_id, walked.seq, walked.nth
  from chosen
  cross join lateral (
    select
      ready.job_id, ready.seq,
-- newest first {
      row_number() over (order by ready.seq desc) as nth
-- }
-- oldest first {
      row_number() over (order by ready.seq) as nth
-- }
    from (
      select ready.job_id, ready.seq
      from pgqueuer.ready as ready
      where ready.entrypoint = chosen.entrypoint and ready.rank = chosen.rank
-- newest first {
        and ready.seq < coalesce($7::bigint, 9223372036854775807)
      order by ready.seq desc
-- }
-- oldest first {
        and ready.seq > coalesce($7::bigint, -1)
      order by ready.seq
-- }
      limit (select share.rows from share)
    ) as ready
  ) as walked
),
horizon as materialized (
-- newest first {
  select max(looked.seq) as seq
-- }
-- oldest first {
  select min(looked.seq) as seq
-- }
  from looked
  cross join share
  where looked.nth = share.rows
)
select found.id::text as id, found.cursor::text as cursor, found.looked
from (
  (
    select walked.id, walked.id as cursor, null::int as looked
    from (
      select job.id, job.entrypoint, job.priority, job.created_at
      from pgqueuer.job as job
-- newest first {
      where job.id < coalesce($7::bigint, 9223372036854775807)
      order by job.id desc
-- }
-- oldest first {
      where job.id > coalesce($7::bigint, -1)
      order by job.id
-- }
      limit $9::int
    ) as walked
    where $1::text is null and $4::bigint is null
      and ($2::text is null or walked.entrypoint = $2::text)
      and ($3::int is null or walked.priority = $3::int)
      and ($5::timestamptz is null or walked.created_at >= $5::timestamptz)
      and ($6::timestamptz is null or walked.created_at < $6::timestamptz)
    limit $8::int
  )
  union all
  (
    select looked.job_id, looked.seq, null
    from looked
    cross join horizon
-- newest first {
    where (horizon.seq is null or looked.seq >= horizon.seq)
-- }
-- oldest first {
    where (horizon.seq is null or looked.seq <= horizon.seq)
-- }
      and (($5::timestamptz is null and $6::timestamptz is null) or exists (
        select from pgqueuer.job as job
        where job.id = looked.job_id
          and ($5::timestamptz is null or job.created_at >= $5::timestamptz)
          and ($6::timestamptz is null or job.created_at < $6::timestamptz)
      ))
  )
  union all
  (
    select null, horizon.seq, (select count(*)::int from looked)
    from horizon
    where horizon.seq is not null
  )
  union all
  (
    select walked.job_id, walked.job_id, null
    from (
      select deferred.job_id, deferred.entrypoint, deferred.rank
      from pgqueuer.deferred as deferred
-- newest first {
      where deferred.job_id < coalesce($7::bigint, 9223372036854775807)
      order by deferred.job_id desc
-- }
-- oldest first {
      where deferred.job_id > coalesce($7::bigint, -1)
      order by deferred.job_id
-- }
      limit $9::int
    ) as walked
    where $1::text = 'deferred' and $4::bigint is null
      and ($2::text is null or walked.entrypoint = $2::text)
      and ($3::int is null or walked.rank = ~$3::int)
      and (($5::timestamptz is null and $6::timestamptz is null) or exists (
        select from pgqueuer.job as job
        where job.id = walked.job_id
          and ($5::timestamptz is null or job.created_at >= $5::timestamptz)
          and ($6::timestamptz is null or job.created_at < $6::timestamptz)
      ))
    limit $8::int
  )
  union all
  (
    select member.job_id, member.job_id, null
    from pgqueuer.claim as claim
    cross join lateral unnest(claim.job_ids, claim.ranks) as member (job_id, rank)
    where ($1::text = 'picked' or ($1::text is null and $4::bigint is not null))
      and ($4::bigint is null or claim.worker_id = $4::bigint)
      and ($2::text is null or claim.entrypoint = $2::text)
      and ($3::int is null or member.rank = ~$3::int)
      and (($5::timestamptz is null and $6::timestamptz is null) or exists (
        select from pgqueuer.job as job
        where job.id = member.job_id
          and ($5::timestamptz is null or job.created_at >= $5::timestamptz)
          and ($6::timestamptz is null or job.created_at < $6::timestamptz)
      ))
-- newest first {
      and member.job_id < coalesce($7::bigint, 9223372036854775807)
    order by member.job_id desc
-- }
-- oldest first {
      and member.job_id > coalesce($7::bigint, -1)
    order by member.job_id
-- }
    limit $8::int
  )
  union all
  (
    select walked.job_id, walked.job_id, null
    from (
      select held.job_id, held.entrypoint, held.rank, held.worker_id
      from pgqueuer.held as held
-- newest first {
      where held.job_id < coalesce($7::bigint, 9223372036854775807)
      order by held.job_id desc
-- }
-- oldest first {
      where held.job_id > coalesce($7::bigint, -1)
      order by held.job_id
-- }
      limit $9::int
    ) as walked
    where $1::text = 'failed'
      and ($4::bigint is null or walked.worker_id = $4::bigint)
      and ($2::text is null or walked.entrypoint = $2::text)
      and ($3::int is null or walked.rank = ~$3::int)
      and (($5::timestamptz is null and $6::timestamptz is null) or exists (
        select from pgqueuer.job as job
        where job.id = walked.job_id
          and ($5::timestamptz is null or job.created_at >= $5::timestamptz)
          and ($6::timestamptz is null or job.created_at < $6::timestamptz)
      ))
    limit $8::int
  )
  union all
  (
    select walked.job_id, walked.job_id, null
    from (
      select outcome.job_id, outcome.entrypoint, outcome.worker_id
      from pgqueuer.outcome as outcome
-- newest first {
      where (outcome.status, outcome.job_id) < ($1::text, coalesce($7::bigint, 9223372036854775807))
        and outcome.status >= $1::text and outcome.status <> 'successful'
      order by outcome.status desc, outcome.job_id desc
-- }
-- oldest first {
      where (outcome.status, outcome.job_id) > ($1::text, coalesce($7::bigint, -1))
        and outcome.status <= $1::text and outcome.status <> 'successful'
      order by outcome.status, outcome.job_id
-- }
      limit $9::int
    ) as walked
    where $1::text in ('exception', 'canceled', 'deleted')
      and ($4::bigint is null or walked.worker_id = $4::bigint)
      and ($2::text is null or walked.entrypoint = $2::text)
      and (($3::int is null and $5::timestamptz is null and $6::timestamptz is null) or exists (
        select from pgqueuer.job as job
        where job.id = walked.job_id
          and ($3::int is null or job.priority = $3::int)
          and ($5::timestamptz is null or job.created_at >= $5::timestamptz)
          and ($6::timestamptz is null or job.created_at < $6::timestamptz)
      ))
    limit $8::int
  )
  union all
  (
    select walked.job_id, walked.job_id, null
    from (
      select outcome.job_id, outcome.entrypoint, outcome.worker_id, outcome.status
      from pgqueuer.outcome as outcome
-- newest first {
      where ($1::text = 'successful' or ($1::text is null and $4::bigint is not null))
        and outcome.job_id < coalesce($7::bigint, 9223372036854775807)
      order by outcome.job_id desc
-- }
-- oldest first {
      where ($1::text = 'successful' or ($1::text is null and $4::bigint is not null))
        and outcome.job_id > coalesce($7::bigint, -1)
      order by outcome.job_id
-- }
      limit $9::int
    ) as walked
    where ($1::text is null or walked.status = 'successful')
      and ($4::bigint is null or walked.worker_id = $4::bigint)
      and ($2::text is null or walked.entrypoint = $2::text)
      and (($3::int is null and $5::timestamptz is null and $6::timestamptz is null) or exists (
        select from pgqueuer.job as job
        where job.id = walked.job_id
          and ($3::int is null or job.priority = $3::int)
          and ($5::timestamptz is null or job.created_at >= $5::timestamptz)
          and ($6::timestamptz is null or job.created_at < $6::timestamptz)
      ))
    limit $8::int
  )
) as found
-- newest first {
order by found.cursor desc, found.id nulls last
-- }
-- oldest first {
order by found.cursor, found.id nulls last
-- }
limit $8::int;
