-- list_workers: the workers, what they hold, and how long ago they gave a sign of life by the database's clock. The newest first.
--   $1 boolean also those that have stopped and hold nothing
-- Locks: none.   Index: claim_worker_idx. Reads worker whole.
select
  worker.id::text as id, worker.host, worker.pid, worker.version, worker.entrypoints, worker.started_at, worker.heartbeat_at,
  worker.stopped_at, worker.drain_requested_at, worker.lost, worker.vitals::text as vitals, worker.heartbeat_timeout_ms,
  greatest(0, extract(epoch from clock_timestamp() - worker.heartbeat_at) * 1000)::float8 as silent_ms,
  (
    select json_object_agg(entrypoint, count)::text
    from (
      select entrypoint, sum(cardinality(job_ids)) as count
      from pgqueuer.claim as claim
      where claim.worker_id = worker.id
      group by entrypoint
      order by entrypoint
    ) as held
  ) as held
from pgqueuer.worker as worker
where $1::boolean or worker.stopped_at is null or exists (select from pgqueuer.claim as claim where claim.worker_id = worker.id)
order by worker.id desc;
