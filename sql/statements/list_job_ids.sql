-- list_job_ids: the newest jobs of one status (or any) and entrypoint (or any), for paging.
--   $1 text status or null   $2 text entrypoint or null   $3 bigint only ids below this, or null   $4 int at most so many
-- Locks: none.   Index: job_pkey, deferred_pkey, held_pkey, outcome_pkey; ready is read whole for its status.
select id::text as id
from (
  (select id from pgqueuer.job as job
    where $1::text is null and ($2::text is null or entrypoint = $2::text) and ($3::bigint is null or id < $3::bigint)
    order by id desc limit $4::int)
  union all
  (select job_id from pgqueuer.ready as ready
    where $1::text = 'queued' and ($2::text is null or entrypoint = $2::text) and ($3::bigint is null or job_id < $3::bigint)
    order by job_id desc limit $4::int)
  union all
  (select job_id from pgqueuer.deferred as deferred
    where $1::text = 'deferred' and ($2::text is null or entrypoint = $2::text) and ($3::bigint is null or job_id < $3::bigint)
    order by job_id desc limit $4::int)
  union all
  (select member.job_id from pgqueuer.claim as claim cross join lateral unnest(claim.job_ids) as member (job_id)
    where $1::text = 'picked' and ($2::text is null or entrypoint = $2::text) and ($3::bigint is null or member.job_id < $3::bigint)
    order by member.job_id desc limit $4::int)
  union all
  (select job_id from pgqueuer.held as held
    where $1::text = 'failed' and ($2::text is null or entrypoint = $2::text) and ($3::bigint is null or job_id < $3::bigint)
    order by job_id desc limit $4::int)
  union all
  (select job_id from pgqueuer.outcome as outcome
    where status = $1::text and ($2::text is null or entrypoint = $2::text) and ($3::bigint is null or job_id < $3::bigint)
    order by job_id desc limit $4::int)
) as found
order by found.id desc
limit $4::int;
