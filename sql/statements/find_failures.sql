-- find_failures: the failed attempts of one job, oldest first.
--   $1 bigint job
-- Locks: none.   Index: failure_job_idx.
select attempt, failed_at, worker_id::text as worker_id, error, traceback from pgqueuer.failure as failure where job_id = $1::bigint order by id;
