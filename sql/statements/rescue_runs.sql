-- rescue_runs: runs of schedules whose worker is dead are lost; each is to be run again, but not for ever.
--   $1 int most rescues of a tick   $2 text channel to notify
-- Locks: the runs, never waits.   Index: schedule_run_open_idx, worker_pkey.
with lost as (
  update pgqueuer.schedule_run as run
  set status = 'lost', finished_at = now(), error = 'worker lost'
  where id = any (array(
    select run.id
    from pgqueuer.schedule_run as run
    where run.status = 'running'
      and not exists (
        select from pgqueuer.worker as worker where worker.id = run.worker_id and worker.stopped_at is null
      )
    order by run.id
    for update skip locked
  ))
  returning schedule, tick, previous_tick, attempt, by_hand
),
again as (
  insert into pgqueuer.schedule_run (schedule, tick, previous_tick, attempt, by_hand, status)
  select schedule, tick, previous_tick, attempt + 1, by_hand, 'waiting' from lost where attempt <= $1::int order by schedule, tick
)
select
  schedule, tick, attempt, attempt <= $1::int as again,
  case when row_number() over () = 1 then pg_notify($2::text, '{"entrypoints":[],"schedules":true}') end as notified
from lost;
