-- find_jobs: jobs by id, in full.
--   $1 bigint[] jobs
-- Locks: none.   Index: job_pkey and the place tables' own.
select
  status.id, status.entrypoint, status.status, status.priority, status.attempt, status.rescues,
  status.created_at, status.execute_after, status.started_at, status.finished_at,
  status.worker as worker_id, worker.host as worker_host, worker.pid as worker_pid, status.error,
  job.dedupe_key, job.max_attempts, job.timeout_ms, job.expire_at,
  job.payload::text as payload, job.payload_bytes, job.headers::text as headers, outcome.result::text as result,
  progress.value::text as progress
from pgqueuer.job_status as status
join pgqueuer.job as job on job.id = status.job_id
left join pgqueuer.outcome as outcome on outcome.job_id = status.job_id
left join pgqueuer.progress as progress on progress.job_id = status.job_id
left join pgqueuer.worker as worker on worker.id = status.worker::bigint
where status.job_id = any ($1::bigint[])
order by status.job_id;
