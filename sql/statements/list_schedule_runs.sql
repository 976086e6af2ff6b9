-- list_schedule_runs: the runs of a schedule and the ticks that were left out, the newest first.
--   $1 text schedule   $2 bigint only those with a lower id, or null   $3 int at most so many
-- Locks: none.   Index: schedule_run_name_idx, outcome_pkey.
select
  run.id::text as run_id, run.tick, run.status, run.attempt, run.by_hand, run.worker_id::text as worker_id, run.job_id::text as job_id,
  run.started_at, run.finished_at, run.error, outcome.status as job_status, outcome.finished_at as job_finished_at,
  outcome.error as job_error
from pgqueuer.schedule_run as run
left join pgqueuer.outcome as outcome on outcome.job_id = run.job_id
where run.schedule = $1::text and ($2::bigint is null or run.id < $2::bigint)
order by run.id desc
limit $3::int;
