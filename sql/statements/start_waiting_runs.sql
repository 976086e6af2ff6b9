-- start_waiting_runs: start the runs of these schedules that waited and need wait no longer; in the job form their jobs are enqueued.
--   $1 bigint worker   $2 text[] schedules   $3 int at most so many runs   $4 text channel to notify of jobs
--   $5 text[] headers for the jobs of each schedule, null for those that it has   $6 bigint[] the revisions of which they are
-- Answers with the runs, and in each row whether more of them wait.
-- Locks: the schedules' rows, in order.   Index: schedule_pkey, schedule_run_open_idx, job_pkey, outcome_pkey, held_pkey.
-- Why starts is compared: see start_ticks.
with moment as materialized (
  select clock_timestamp() as now
),
alive as materialized (
  select id from pgqueuer.worker as worker where id = $1::bigint and stopped_at is null
),
seen as materialized (
  select
    schedule.name, schedule.starts, schedule.revision, schedule.overlap, schedule.paused,
    exists (select from pgqueuer.schedule_run as run where run.schedule = schedule.name and run.status = 'running')
      or (
        (select job.id from pgqueuer.job as job where job.id = schedule.last_job_id) is not null
        and (select outcome.job_id from pgqueuer.outcome as outcome where outcome.job_id = schedule.last_job_id) is null
        and (select held.job_id from pgqueuer.held as held where held.job_id = schedule.last_job_id) is null
      ) as busy
  from pgqueuer.schedule as schedule
  where schedule.name = any ($2::text[])
    and exists (select from pgqueuer.schedule_run as run where run.schedule = schedule.name and run.status = 'waiting')
),
candidate as materialized (
  select
    run.id, run.schedule, seen.starts, seen.revision,
    seen.overlap = 'allow' or row_number() over (partition by run.schedule order by run.tick, run.id) = 1 as is_next
  from seen
  join pgqueuer.schedule_run as run on run.schedule = seen.name
  where run.status = 'waiting' and (run.by_hand or not seen.paused) and (seen.overlap = 'allow' or not seen.busy)
),
chosen as materialized (
  select id, schedule, starts, revision from candidate where is_next order by id limit $3::int
),
given as materialized (
  select * from unnest($2::text[], $5::text[], $6::bigint[]) as given (name, headers, revision)
),
locked as materialized (
  select
    schedule.name, schedule.last_run, schedule.entrypoint, schedule.priority, schedule.payload, schedule.payload_bytes,
    coalesce(given.headers::json, schedule.headers) as headers, schedule.max_attempts, schedule.timeout_ms, schedule.expire_ms
  from pgqueuer.schedule as schedule
  join (select distinct schedule, starts, revision from chosen) as wanted on wanted.schedule = schedule.name
  left join given on given.name = schedule.name and given.revision = schedule.revision
  where schedule.starts = wanted.starts and schedule.revision = wanted.revision and (select id from alive) is not null
  order by schedule.name
  for update of schedule
),
drawn as materialized (
  select
    chosen.id, locked.name, locked.last_run, case when locked.entrypoint is not null then nextval('pgqueuer.job_id_seq') end as job_id
  from chosen
  join locked on locked.name = chosen.schedule
),
written as (
  update pgqueuer.schedule_run as run
  set
    status = case when drawn.job_id is null then 'running' else 'enqueued' end, worker_id = $1::bigint, job_id = drawn.job_id,
    previous_tick = coalesce(run.previous_tick, nullif(drawn.last_run, run.tick)), started_at = moment.now,
    finished_at = case when drawn.job_id is not null then moment.now end
  from drawn
  cross join moment
  where run.id = drawn.id and run.status = 'waiting'
  returning run.id, run.schedule, run.tick, run.status, run.previous_tick, run.attempt, run.job_id
),
jobs as (
  insert into pgqueuer.job (
    id, entrypoint, priority, payload, payload_bytes, headers, created_at, max_attempts, timeout_ms, expire_at
  )
  select
    written.job_id, locked.entrypoint, locked.priority, locked.payload, locked.payload_bytes, locked.headers, moment.now,
    locked.max_attempts, locked.timeout_ms, moment.now + locked.expire_ms * interval '1 millisecond'
  from written
  join locked on locked.name = written.schedule
  cross join moment
  where written.job_id is not null
  order by written.job_id
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
    last_run = greatest(schedule.last_run, latest.tick),
    last_job_id = coalesce(latest.job_id, schedule.last_job_id),
    starts = schedule.starts + 1
  from (select schedule, max(tick) as tick, max(job_id) as job_id from written group by schedule) as latest
  where schedule.name = latest.schedule
),
told as materialized (
  select case when count(*) > 0 then pg_notify($4::text, case
    when count(distinct entrypoint) > 16 then '{}'
    else json_build_object('entrypoints', json_agg(distinct entrypoint), 'seq', min(id)::text)::text
  end) end as notified
  from jobs
)
select
  moment.now, (select id from alive) is not null as alive,
  (
    select count(*) from pgqueuer.schedule_run as run where run.schedule = any ($2::text[]) and run.status = 'waiting'
  ) > (select count(*) from written) as more_wait,
  written.schedule as name, written.id::text as run_id, written.tick, written.status, written.previous_tick, written.attempt,
  written.job_id::text as job_id,
  (select notified from told) as notified
from moment
left join written on true;
