-- release_runs: a worker that stops gives up runs that are not over; others run them again. That they had begun stays in started_at.
--   $1 bigint worker   $2 bigint[] runs   $3 text channel to notify
-- Locks: the runs.   Index: schedule_run_pkey.
with released as (
  update pgqueuer.schedule_run as run
  set status = 'waiting', worker_id = null
  where id = any ($2::bigint[]) and worker_id = $1::bigint and status = 'running'
  returning id
)
select
  (select count(*)::int from released) as released,
  case when exists (select from released) then pg_notify($3::text, '{"entrypoints":[],"schedules":true}') end as notified;
