-- describe_jobs: jobs by id for a list: of what is long only the beginning, or that it is there.
--   $1 bigint[] jobs   $2 int payloads up to so many bytes, as they are stored
-- Locks: none.   Index: job_pkey and the place tables' own.
select
  status.id, status.entrypoint, status.status, status.priority, status.attempt,
  status.created_at, status.started_at, status.finished_at, status.worker as worker_id, left(status.error, 2000) as error,
  job.headers::text as headers,
  case when pg_column_size(job.payload) <= $2::int then job.payload::text end as payload,
  pg_column_size(job.payload) as payload_bytes, octet_length(job.payload_bytes) as bytes
from pgqueuer.job_status as status
join pgqueuer.job as job on job.id = status.job_id
where status.job_id = any ($1::bigint[])
order by status.job_id;
