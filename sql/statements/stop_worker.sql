-- stop_worker: this worker has stopped; claims that it may have left are rescued by the others.
--   $1 bigint worker
-- Locks: the worker's row.   Index: worker_pkey.
update pgqueuer.worker as worker set stopped_at = now() where id = $1::bigint and stopped_at is null;
