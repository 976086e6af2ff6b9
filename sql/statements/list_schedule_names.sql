-- list_schedule_names: the names of all schedules, and whether a running worker has code for them.
-- Locks: none.   Index: none. Reads schedule and worker whole.
select
  schedule.name,
  not exists (
    select
    from pgqueuer.worker as worker
    where worker.stopped_at is null
      and worker.heartbeat_at > clock_timestamp() - worker.heartbeat_timeout_ms * interval '1 millisecond'
      and schedule.name = any (worker.schedules)
  ) as orphaned
from pgqueuer.schedule as schedule
order by schedule.name;
