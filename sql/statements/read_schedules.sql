-- read_schedules: what is stored of these schedules, and the time.
--   $1 text[] names
-- Locks: none.   Index: schedule_pkey, schedule_run_open_idx.
select
  moment.now, schedule.name, schedule.expression, schedule.timezone, schedule.missed, schedule.overlap, schedule.jitter_ms,
  schedule.entrypoint, schedule.max_attempts, schedule.timeout_ms, schedule.expire_ms, schedule.headers::text as headers,
  schedule.paused,
  date_trunc('milliseconds', schedule.next_run) as next_run, schedule.revision::text as revision,
  exists (select from pgqueuer.schedule_run as run where run.schedule = schedule.name and run.status = 'waiting') as waiting
from (select clock_timestamp() as now) as moment
left join pgqueuer.schedule as schedule on schedule.name = any ($1::text[]);
