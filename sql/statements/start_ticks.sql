-- start_ticks: start what is due of these schedules, each tick once over all workers; in the job form its job is enqueued by the same statement.
--   $1 bigint worker   $2 text[] schedules   $3 timestamptz[] the tick that each stands at, to the millisecond   $4 bigint[] revisions
--   $5 timestamptz[] from when that tick may start   $6 timestamptz[] the tick to stand at then
--   $7 text[] $8 timestamptz[] schedules and ticks   $9 text[] what shall become of each: run, wait (until nothing runs), or skip
--   $10 text[] why it is left out, for skip   $11 text channel to notify of jobs
--   $12 text[] headers for the jobs of each schedule; null for those that it has
-- Answers with each schedule as it was when this statement began, and with what became of its ticks where it was this worker's turn.
-- Locks: the schedules' rows, in order.   Index: schedule_pkey, schedule_run_open_idx, job_pkey, outcome_pkey, held_pkey; those of job and ready grow.
--
-- Whoever had to wait for a row sees the newest version of it, but of schedule_run what was there before. So what was decided by the latter
-- counts only if no other start has come in between (starts). The caller then asks again.
with moment as materialized (
  select clock_timestamp() as now
),
alive as materialized (
  select id from pgqueuer.worker as worker where id = $1::bigint and stopped_at is null
),
given as materialized (
  select *
  from unnest($2::text[], $3::timestamptz[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], $12::text[])
    as given (name, expected, revision, due, following, headers)
),
seen as materialized (
  select
    given.name, given.expected, given.due, given.following, given.headers, schedule.name is not null as known, schedule.next_run, schedule.starts,
    schedule.revision, schedule.revision = given.revision and not schedule.paused as as_known,
    exists (select from pgqueuer.schedule_run as run where run.schedule = schedule.name and run.status = 'running')
      or (
        (select job.id from pgqueuer.job as job where job.id = schedule.last_job_id) is not null
        and (select outcome.job_id from pgqueuer.outcome as outcome where outcome.job_id = schedule.last_job_id) is null
        and (select held.job_id from pgqueuer.held as held where held.job_id = schedule.last_job_id) is null
      ) as busy,
    exists (select from pgqueuer.schedule_run as run where run.schedule = schedule.name and run.status = 'waiting') as crowded
  from given
  left join pgqueuer.schedule as schedule on schedule.name = given.name
),
locked as materialized (
  select
    schedule.name, schedule.overlap, schedule.last_run, schedule.entrypoint, schedule.priority, schedule.payload, schedule.payload_bytes,
    coalesce(seen.headers::json, schedule.headers) as headers, schedule.max_attempts, schedule.timeout_ms, schedule.expire_ms, seen.following, seen.busy, seen.crowded
  from pgqueuer.schedule as schedule
  join seen on seen.name = schedule.name
  where seen.as_known
    and date_trunc('milliseconds', seen.next_run) = seen.expected
    and seen.due <= (select now from moment)
    and schedule.next_run = seen.next_run
    and schedule.revision = seen.revision
    and schedule.starts = seen.starts
    and not schedule.paused
    and (select id from alive) is not null
  order by schedule.name
  for update of schedule
),
tick as materialized (
  select * from unnest($7::text[], $8::timestamptz[], $9::text[], $10::text[]) as tick (schedule, tick, wish, reason)
),
decided as materialized (
  select
    tick.schedule, tick.tick, tick.reason, locked.entrypoint,
    coalesce(lag(tick.tick) over (partition by tick.schedule order by tick.tick), locked.last_run) as previous_tick,
    case
      when tick.wish = 'skip' then 'skipped'
      when tick.wish = 'wait' then 'waiting'
      when locked.overlap = 'allow' or not (locked.busy or locked.crowded)
        then case when locked.entrypoint is null then 'running' else 'enqueued' end
      when locked.overlap = 'queue' and not locked.crowded then 'waiting'
      else 'skipped'
    end as status
  from tick
  join locked on locked.name = tick.schedule
),
drawn as materialized (
  select decided.*, case when status = 'enqueued' then nextval('pgqueuer.job_id_seq') end as job_id from decided
),
written as (
  insert into pgqueuer.schedule_run (
    schedule, tick, status, previous_tick, worker_id, job_id, created_at, started_at, finished_at, error
  )
  select
    schedule, tick, status, previous_tick, case when status in ('running', 'enqueued') then $1::bigint end, job_id, now,
    case when status in ('running', 'enqueued') then now end, case when status in ('enqueued', 'skipped') then now end,
    case when status = 'skipped' then coalesce(reason, 'an earlier run was not over') end
  from drawn
  cross join moment
  order by schedule, tick
  returning id, schedule, tick, status, previous_tick, attempt, job_id
),
jobs as (
  insert into pgqueuer.job (
    id, entrypoint, priority, payload, payload_bytes, headers, created_at, max_attempts, timeout_ms, expire_at
  )
  select
    drawn.job_id, locked.entrypoint, locked.priority, locked.payload, locked.payload_bytes, locked.headers, moment.now,
    locked.max_attempts, locked.timeout_ms, moment.now + locked.expire_ms * interval '1 millisecond'
  from drawn
  join locked on locked.name = drawn.schedule
  cross join moment
  where drawn.job_id is not null
  order by drawn.job_id
  returning id, entrypoint, ~priority as rank, expire_at
),
expiring as (
  insert into pgqueuer.expiry (job_id, expire_at) select id, expire_at from jobs where expire_at is not null
),
standing as (
  insert into pgqueuer.ready (entrypoint, rank, seq, job_id) select entrypoint, rank, id, id from jobs
),
moved as (
  update pgqueuer.schedule as schedule
  set
    next_run = locked.following,
    last_run = greatest(schedule.last_run, latest.tick),
    last_job_id = coalesce(latest.job_id, schedule.last_job_id),
    starts = schedule.starts + 1
  from locked
  left join (
    select schedule, max(tick) filter (where status in ('running', 'enqueued')) as tick, max(job_id) as job_id from drawn group by schedule
  ) as latest on latest.schedule = locked.name
  where schedule.name = locked.name
),
told as materialized (
  select case when count(*) > 0 then pg_notify($11::text, case
    when count(distinct entrypoint) > 16 then '{}'
    else json_build_object('entrypoints', json_agg(distinct entrypoint), 'seq', min(id)::text)::text
  end) end as notified
  from jobs
)
select
  moment.now, (select id from alive) is not null as alive, seen.name, seen.known, date_trunc('milliseconds', seen.next_run) as next_run, seen.revision::text as revision,
  locked.name is not null as taken,
  written.id::text as run_id, written.tick, written.status, written.previous_tick, written.attempt,
  written.job_id::text as job_id, (select notified from told) as notified
from seen
cross join moment
left join locked on locked.name = seen.name
left join written on written.schedule = seen.name;
