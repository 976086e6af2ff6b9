-- beat: one heartbeat of one worker, and all that it must hear about: its claims, who needs a rescue, when the next job is due or expires,
-- and whether limits or pauses have changed (rules differs from what it knew), and whether it shall drain.
--   $1 bigint worker   $2 json how it is
-- Locks: the worker's row.
-- Index: worker_pkey, worker_alive_idx, claim_worker_idx, ready_suspect_idx, deferred_run_at_idx, expiry_expire_at_idx; entrypoint is read whole.
with beaten as (
  update pgqueuer.worker as worker set heartbeat_at = now(), vitals = $2::json where id = $1::bigint and stopped_at is null
  returning id, drain_requested_at
)
select
  exists (select from beaten) as alive,
  exists (select from beaten where drain_requested_at is not null) as draining,
  (select array_agg(id) from pgqueuer.claim as claim where worker_id = $1::bigint) as tokens,
  (
    select array_agg(stop_id) from pgqueuer.claim as claim cross join lateral unnest(claim.stop_ids) as stop_id where worker_id = $1::bigint
  ) as stop_ids,
  (
    select (extract(epoch from min(heartbeat_at + heartbeat_timeout_ms * interval '1 millisecond') - clock_timestamp()) * 1000)::float8
    from pgqueuer.worker as worker
    where stopped_at is null and id <> $1::bigint
  ) as stale_in_ms,
  exists (
    select from pgqueuer.claim as claim
    where not exists (select from pgqueuer.worker as worker where worker.id = claim.worker_id and worker.stopped_at is null)
  ) or exists (
    select from pgqueuer.lease as lease
    where not exists (select from pgqueuer.worker as worker where worker.id = lease.worker_id and worker.stopped_at is null)
  ) as orphans,
  exists (select from pgqueuer.ready as ready where rescues > 0) as suspects,
  (
    select (extract(epoch from run_at - clock_timestamp()) * 1000)::float8 from pgqueuer.deferred as deferred order by run_at limit 1
  ) as due_in_ms,
  (
    select (extract(epoch from expire_at - clock_timestamp()) * 1000)::float8 from pgqueuer.expiry as expiry order by expire_at limit 1
  ) as expires_in_ms,
  (select sum(revision)::text from pgqueuer.entrypoint as entrypoint) as rules;
