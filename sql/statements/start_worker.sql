-- start_worker: make this process known; answers with the worker's id. Rows of workers that stopped a week ago go,
-- and those of processes that died while they waited for ends of jobs.
--   $1 text host   $2 int pid   $3 text version   $4 text[] entrypoints   $5 int ms without a heartbeat until it counts as dead
--   $6 text[] schedules that its code registers
-- Locks: old rows of workers and, without waiting, of watchers.   Index: worker_pkey.
with forgotten as (
  delete from pgqueuer.worker as worker where stopped_at < now() - interval '7 days'
),
unwatched as (
  delete from pgqueuer.watcher as watcher
  where ctid = any (array(
    select ctid from pgqueuer.watcher as watcher where seen_at < now() - interval '1 minute' for update skip locked
  ))
)
insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms, schedules)
values ($1::text, $2::int, $3::text, $4::text[], $5::int, $6::text[])
returning id::text as id;
