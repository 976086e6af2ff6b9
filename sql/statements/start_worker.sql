-- start_worker: make this process known; answers with the worker's id. Rows of workers that stopped a week ago go.
--   $1 text host   $2 int pid   $3 text version   $4 text[] entrypoints   $5 int ms without a heartbeat until it counts as dead
-- Locks: old worker rows.   Index: worker_pkey.
with forgotten as (
  delete from pgqueuer.worker as worker where stopped_at < now() - interval '7 days'
)
insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms)
values ($1::text, $2::int, $3::text, $4::text[], $5::int)
returning id::text as id;
