-- remove_schedules: remove schedules. Their runs that wait are left out; those that run go on, and the history stays until it is pruned.
--   $1 text[] names   $2 text channel
-- Answers with the schedules that were removed.
-- Locks: the schedules' rows, in order; then the runs.   Index: schedule_pkey, schedule_run_open_idx.
with locked as materialized (
  select schedule.name
  from pgqueuer.schedule as schedule
  where schedule.name = any ($1::text[])
  order by schedule.name
  for update
),
removed as (
  delete from pgqueuer.schedule as schedule using locked where schedule.name = locked.name returning schedule.name
),
left_out as (
  update pgqueuer.schedule_run as run
  set status = 'skipped', finished_at = clock_timestamp(), error = 'the schedule was removed'
  from removed
  where run.schedule = removed.name and run.status = 'waiting'
)
select
  name, case when row_number() over () = 1 then pg_notify($2::text, '{"entrypoints":[],"schedules":true}') end as notified
from removed;
