-- mark_lost_workers: the first step of a rescue. A worker whose heartbeat is too old counts as dead from here on.
-- The lock reads the heartbeat again, so a worker that beats at this moment stays alive.
-- Locks: the dead workers' rows, never waits.   Index: worker_alive_idx.
update pgqueuer.worker as worker
set stopped_at = now(), lost = true
where id = any (array(
  select id
  from pgqueuer.worker as worker
  where stopped_at is null and heartbeat_at < now() - heartbeat_timeout_ms * interval '1 millisecond'
  order by id
  for update skip locked
))
returning id::text as id, host, pid;
