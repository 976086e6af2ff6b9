-- find_progress: how far a job is.
--   $1 bigint job
-- Locks: none.   Index: progress_pkey.
select value::text as value, attempt, updated_at from pgqueuer.progress as progress where job_id = $1::bigint;
