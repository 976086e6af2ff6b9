-- pause_schedules: let no tick of these schedules start, or let them start again from now on. What waits for an earlier run is left out when
-- its schedule is resumed; runs that were asked for by hand, and those that had begun before their workers died or stopped, are not.
--   $1 text[] names   $2 boolean paused   $3 text channel
-- Answers with the schedules that were changed.
-- Locks: the schedules' rows, in order; then the runs.   Index: schedule_pkey, schedule_run_open_idx.
with locked as materialized (
  select schedule.name
  from pgqueuer.schedule as schedule
  where schedule.name = any ($1::text[]) and schedule.paused <> $2::boolean
  order by schedule.name
  for update
),
changed as (
  update pgqueuer.schedule as schedule
  set
    paused = $2::boolean, next_run = case when $2::boolean then schedule.next_run end, starts = schedule.starts + 1,
    revision = nextval('pgqueuer.schedule_revision_seq'), changed_at = clock_timestamp()
  from locked
  where schedule.name = locked.name
  returning schedule.name
),
left_out as (
  update pgqueuer.schedule_run as run
  set status = 'skipped', finished_at = clock_timestamp(), error = 'the schedule was paused'
  from changed
  where not $2::boolean and run.schedule = changed.name and run.status = 'waiting' and not run.by_hand and run.attempt = 1
    and run.started_at is null
)
select
  name, case when row_number() over () = 1 then pg_notify($3::text, '{"entrypoints":[],"schedules":true}') end as notified
from changed;
