-- read_workers: the workers that have not stopped, the oldest first: how long ago they gave a sign of life, how they
-- were then, and how much they hold. For metrics.
-- Locks: none.   Index: worker_alive_idx, claim_worker_idx.
select
  worker.id::text as id, worker.host, worker.pid, worker.version,
  greatest(0, extract(epoch from clock_timestamp() - worker.heartbeat_at) * 1000)::float8 as silent_ms,
  worker.heartbeat_timeout_ms, worker.vitals::text as vitals,
  coalesce((select sum(cardinality(job_ids)) from pgqueuer.claim as claim where claim.worker_id = worker.id), 0)::int as held
from pgqueuer.worker as worker
where worker.stopped_at is null
order by worker.id;
