-- trigger_schedules: ask for one run of each of these schedules now. A worker that has code for it starts it, also while it is paused.
--   $1 text[] names   $2 text channel
-- Answers with the runs.
-- Locks: the schedules' rows, in order, so that none is removed meanwhile.   Index: schedule_pkey; schedule_run grows.
with locked as materialized (
  select schedule.name
  from pgqueuer.schedule as schedule
  where schedule.name = any ($1::text[])
  order by schedule.name
  for update
),
asked as (
  insert into pgqueuer.schedule_run (schedule, tick, status, by_hand)
  select name, date_trunc('milliseconds', clock_timestamp()), 'waiting', true from locked
  returning schedule, id
)
select
  schedule as name, id::text as run_id,
  case when row_number() over () = 1 then pg_notify($2::text, '{"entrypoints":[],"schedules":true}') end as notified
from asked;
