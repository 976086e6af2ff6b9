-- find_newest_end: how far find_newest_jobs has looked where it did not fill a page.
-- find_oldest_end: the same of find_oldest_jobs. It is made from this file, too (scripts/embed-sql.mjs).
--   $1 text status or null   $2 bigint worker or null   $3 bigint the cursor, or null   $4 int the rows that were looked at, at most
-- Locks: none.   Index: job_pkey, deferred_pkey, held_pkey, outcome_pkey, outcome_failed_idx, without their tables where these are vacuumed.
select
  count(*)::int as looked,
-- newest first {
  min(walked.id)::text as cursor
-- }
-- oldest first {
  max(walked.id)::text as cursor
-- }
from (
  (
    select job.id
    from pgqueuer.job as job
    where $1::text is null and $2::bigint is null
-- newest first {
      and job.id < coalesce($3::bigint, 9223372036854775807)
    order by job.id desc
-- }
-- oldest first {
      and job.id > coalesce($3::bigint, -1)
    order by job.id
-- }
    limit $4::int
  )
  union all
  (
    select deferred.job_id
    from pgqueuer.deferred as deferred
    where $1::text = 'deferred'
-- newest first {
      and deferred.job_id < coalesce($3::bigint, 9223372036854775807)
    order by deferred.job_id desc
-- }
-- oldest first {
      and deferred.job_id > coalesce($3::bigint, -1)
    order by deferred.job_id
-- }
    limit $4::int
  )
  union all
  (
    select held.job_id
    from pgqueuer.held as held
    where $1::text = 'failed'
-- newest first {
      and held.job_id < coalesce($3::bigint, 9223372036854775807)
    order by held.job_id desc
-- }
-- oldest first {
      and held.job_id > coalesce($3::bigint, -1)
    order by held.job_id
-- }
    limit $4::int
  )
  union all
  (
    select outcome.job_id
    from pgqueuer.outcome as outcome
    where $1::text in ('exception', 'canceled', 'deleted') and outcome.status <> 'successful'
-- newest first {
      and (outcome.status, outcome.job_id) < ($1::text, coalesce($3::bigint, 9223372036854775807)) and outcome.status >= $1::text
    order by outcome.status desc, outcome.job_id desc
-- }
-- oldest first {
      and (outcome.status, outcome.job_id) > ($1::text, coalesce($3::bigint, -1)) and outcome.status <= $1::text
    order by outcome.status, outcome.job_id
-- }
    limit $4::int
  )
  union all
  (
    select outcome.job_id
    from pgqueuer.outcome as outcome
    where ($1::text = 'successful' or ($1::text is null and $2::bigint is not null))
-- newest first {
      and outcome.job_id < coalesce($3::bigint, 9223372036854775807)
    order by outcome.job_id desc
-- }
-- oldest first {
      and outcome.job_id > coalesce($3::bigint, -1)
    order by outcome.job_id
-- }
    limit $4::int
  )
) as walked;
