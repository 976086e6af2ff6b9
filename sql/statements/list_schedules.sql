-- list_schedules: schedules with their newest run, and how many running workers have code for each.
--   $1 text[] names, or null for all
-- Locks: none.   Index: schedule_pkey, schedule_run_name_idx, schedule_run_open_idx, outcome_pkey. Reads worker whole.
select
  clock_timestamp() as now, schedule.name, schedule.expression, schedule.timezone, schedule.missed, schedule.overlap,
  schedule.jitter_ms, schedule.entrypoint, schedule.paused, schedule.next_run, schedule.last_run,
  (
    select count(*)::int
    from pgqueuer.worker as worker
    where worker.stopped_at is null
      and worker.heartbeat_at > clock_timestamp() - worker.heartbeat_timeout_ms * interval '1 millisecond'
      and schedule.name = any (worker.schedules)
  ) as workers,
  (
    select count(*)::int
    from pgqueuer.schedule_run as run
    where run.schedule = schedule.name and run.status = 'waiting'
  ) as waiting,
  latest.id::text as run_id, latest.tick, latest.status, latest.attempt, latest.by_hand, latest.worker_id::text as worker_id,
  latest.job_id::text as job_id, latest.started_at, latest.finished_at, latest.error, outcome.status as job_status,
  outcome.finished_at as job_finished_at, outcome.error as job_error
from pgqueuer.schedule as schedule
left join lateral (
  select
    run.id, run.tick, run.status, run.attempt, run.by_hand, run.worker_id, run.job_id, run.started_at, run.finished_at, run.error
  from pgqueuer.schedule_run as run
  where run.schedule = schedule.name
  order by run.id desc
  limit 1
) as latest on true
left join pgqueuer.outcome as outcome on outcome.job_id = latest.job_id
where $1::text[] is null or schedule.name = any ($1::text[])
order by schedule.name;
