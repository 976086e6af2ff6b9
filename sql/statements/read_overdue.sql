-- read_overdue: all schedules: for how long the next tick of each has been due, and what waits. For metrics.
-- Locks: none.   Index: worker_alive_idx, schedule_run_open_idx. Reads schedule whole.
with served as materialized (
  select distinct name
  from pgqueuer.worker as worker
  cross join lateral unnest(worker.schedules) as name
  where worker.stopped_at is null
    and worker.heartbeat_at > clock_timestamp() - worker.heartbeat_timeout_ms * interval '1 millisecond'
),
waiting as materialized (
  select schedule, count(*)::int as runs from pgqueuer.schedule_run as run where run.status = 'waiting' group by schedule
)
select
  schedule.name, schedule.paused, served.name is null as orphaned,
  case
    when schedule.paused then 0
    else coalesce(greatest(0, extract(epoch from clock_timestamp() - schedule.next_run) * 1000), 0)
  end::float8 as overdue_ms,
  coalesce(waiting.runs, 0) as waiting
from pgqueuer.schedule as schedule
left join served on served.name = schedule.name
left join waiting on waiting.schedule = schedule.name
order by schedule.name;
