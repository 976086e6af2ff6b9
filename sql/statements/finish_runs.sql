-- finish_runs: how handlers of schedules ended. Runs that are not this worker's any more are left alone. What stands recorded, by a statement
-- whose reply was lost, is answered as if it were recorded now.
--   $1 bigint worker   $2 bigint[] runs   $3 text[] statuses   $4 float8[] ms since the end   $5 text[] errors   $6 text[] tracebacks
--   $7 text channel to notify when other runs wait for the end of these
-- Locks: the runs.   Index: schedule_run_pkey, schedule_run_open_idx.
with given as materialized (
  select given.*, clock_timestamp() - given.ago_ms * interval '1 millisecond' as finished_at
  from unnest($2::bigint[], $3::text[], $4::float8[], $5::text[], $6::text[]) as given (id, status, ago_ms, error, traceback)
),
ended as (
  update pgqueuer.schedule_run as run
  set
    status = given.status, finished_at = greatest(given.finished_at, run.started_at), error = given.error, traceback = given.traceback
  from given
  where run.id = given.id and run.worker_id = $1::bigint and run.status = 'running'
  returning run.id, run.schedule
),
recorded as materialized (
  select run.id
  from pgqueuer.schedule_run as run
  join given on given.id = run.id
  where run.worker_id = $1::bigint and run.status = given.status
),
others as materialized (
  select exists (
    select from pgqueuer.schedule_run as run where run.schedule in (select schedule from ended) and run.status = 'waiting'
  ) as wait
)
select
  (select array_agg(id) from (select id from ended union select id from recorded) as either) as ids, others.wait as others_wait,
  case when others.wait then pg_notify($7::text, '{"entrypoints":[],"schedules":true}') end as notified
from others;
