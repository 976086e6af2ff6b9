-- release_unknown_runs: runs that this worker does not know, because the reply of the statement that started them was lost, wait for any worker.
--   $1 bigint worker   $2 bigint[] the runs that it knows
-- Locks: the runs.   Index: schedule_run_open_idx.
update pgqueuer.schedule_run as run
set status = 'waiting', worker_id = null, started_at = null
where status = 'running' and worker_id = $1::bigint and id <> all ($2::bigint[])
returning id::text as id;
