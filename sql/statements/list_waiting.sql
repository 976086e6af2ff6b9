-- list_waiting: the entrypoints of which jobs wait, and how many live workers have a handler for each.
--   $1 int  counts jobs up to so many of each entrypoint, and looks at so many overdue ones
-- Locks: none.   Index: ready_pkey, by jumps from one entrypoint to the next; deferred_run_at_idx, job_pkey. Reads worker whole.
with recursive line as (
  (select ready.entrypoint from pgqueuer.ready as ready order by ready.entrypoint limit 1)
  union all
  select (
    select ready.entrypoint from pgqueuer.ready as ready where ready.entrypoint > line.entrypoint order by ready.entrypoint limit 1
  )
  from line
  where line.entrypoint is not null
),
overdue as (
  select first.entrypoint, count(*)::int as count, min(first.run_at) as run_at
  from (
    select deferred.entrypoint, deferred.run_at
    from pgqueuer.deferred as deferred
    where deferred.run_at <= clock_timestamp()
    order by deferred.run_at
    limit $1::int
  ) as first
  group by first.entrypoint
),
waiting as (
  select line.entrypoint from line where line.entrypoint is not null
  union
  select overdue.entrypoint from overdue
),
handled as materialized (
  select handler.name collate "C" as name, count(*)::int as workers
  from pgqueuer.worker as worker
  cross join lateral unnest(worker.entrypoints) as handler (name)
  where worker.stopped_at is null
    and worker.heartbeat_at > clock_timestamp() - worker.heartbeat_timeout_ms * interval '1 millisecond'
  group by handler.name
)
select
  waiting.entrypoint,
  (
    select count(*)::int
    from (
      select from pgqueuer.ready as ready
      where ready.entrypoint = waiting.entrypoint
      order by ready.entrypoint, ready.rank, ready.seq
      limit $1::int
    ) as counted
  ) as queued,
  coalesce(overdue.count, 0) as overdue,
  (extract(epoch from clock_timestamp() - overdue.run_at) * 1000)::float8 as overdue_ms,
  coalesce(handled.workers, 0) as workers,
  coalesce((select entrypoint.paused from pgqueuer.entrypoint as entrypoint where entrypoint.name = waiting.entrypoint), false) as paused,
  (
    select job.created_at
    from pgqueuer.job as job
    where job.id = (
      select ready.job_id
      from pgqueuer.ready as ready
      where ready.entrypoint = waiting.entrypoint
      order by ready.entrypoint, ready.rank, ready.seq
      limit 1
    )
  ) as since
from waiting
left join overdue on overdue.entrypoint = waiting.entrypoint
left join handled on handled.name = waiting.entrypoint
order by waiting.entrypoint;
