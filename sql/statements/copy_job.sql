-- copy_job: enqueue a job again under a new id, with what it carries as it is stored: no number loses a digit. Its dedupe key and its expiry stay with it.
--   $1 bigint job   $2 text channel to notify
-- Answers with the new id; no row: there is no such job.
-- Locks: none.   Index: job_pkey; those of job and ready grow.
with written as (
  insert into pgqueuer.job (entrypoint, priority, payload, payload_bytes, headers, created_at, max_attempts, timeout_ms)
  select entrypoint, priority, payload, payload_bytes, headers, clock_timestamp(), max_attempts, timeout_ms
  from pgqueuer.job as original
  where original.id = $1::bigint
  returning id, entrypoint, ~priority as rank
),
standing as (
  insert into pgqueuer.ready (entrypoint, rank, seq, job_id)
  select entrypoint, rank, id, id from written
)
select
  id::text as id,
  pg_notify($2::text, json_build_object('entrypoints', json_build_array(entrypoint), 'seq', id::text)::text) as notified
from written;
