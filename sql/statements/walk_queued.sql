-- walk_queued: jobs in line, line by line, for acting on all that match a filter.
--   $1 text entrypoint or null   $2 int priority or null   $3 timestamptz created from then on, or null
--   $4 timestamptz created before, or null   $5 text $6 int $7 bigint  only what comes behind this place in line, or null
--   $8 int looks at so many rows at most
-- Locks: none.   Index: ready_pkey, and job_pkey for the time of creation.
with walked as materialized (
  select ready.entrypoint, ready.rank, ready.seq, ready.job_id
  from pgqueuer.ready as ready
  where (ready.entrypoint, ready.rank, ready.seq)
      > (coalesce($5::text, $1::text, ''), coalesce($6::int, -2147483648), coalesce($7::bigint, -1))
    and ready.entrypoint <= coalesce($1::text, chr(1114111))
  order by ready.entrypoint, ready.rank, ready.seq
  limit $8::int
),
matching as (
  select walked.job_id, walked.entrypoint, walked.rank, walked.seq
  from walked
  where ($2::int is null or walked.rank = ~$2::int)
    and (($3::timestamptz is null and $4::timestamptz is null) or exists (
      select from pgqueuer.job as job
      where job.id = walked.job_id
        and ($3::timestamptz is null or job.created_at >= $3::timestamptz)
        and ($4::timestamptz is null or job.created_at < $4::timestamptz)
    ))
),
last as (
  select walked.entrypoint, walked.rank, walked.seq
  from walked
  order by walked.entrypoint desc, walked.rank desc, walked.seq desc
  limit 1
)
select
  (select count(*) from walked)::int as looked, last.entrypoint, last.rank, last.seq::text as seq,
  array(select job_id from matching order by entrypoint, rank, seq)::text[] as ids
from last;
