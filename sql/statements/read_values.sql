-- read_values: what a job carries and gave back, as the database has it: no number loses a digit, no key that comes twice.
--   $1 bigint job   $2 int at most so many characters of each, or null for all
-- Locks: none.   Index: job_pkey, outcome_pkey, progress_pkey.
select
  left(job.payload::text, coalesce($2::int, 2147483647)) as payload, length(job.payload::text) as payload_length,
  left(job.headers::text, coalesce($2::int, 2147483647)) as headers, length(job.headers::text) as headers_length,
  left(outcome.result::text, coalesce($2::int, 2147483647)) as result, length(outcome.result::text) as result_length,
  left(progress.value::text, coalesce($2::int, 2147483647)) as progress, length(progress.value::text) as progress_length
from pgqueuer.job as job
left join pgqueuer.outcome as outcome on outcome.job_id = job.id
left join pgqueuer.progress as progress on progress.job_id = job.id
where job.id = $1::bigint;
