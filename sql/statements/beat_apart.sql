-- beat_apart: the sign of life that a worker's heartbeat thread sends, from a connection of its own.
--   $1 bigint worker
-- Locks: the worker's row.   Index: worker_pkey.
update pgqueuer.worker as worker set heartbeat_at = clock_timestamp() where id = $1::bigint and stopped_at is null;
