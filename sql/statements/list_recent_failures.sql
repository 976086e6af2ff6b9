-- list_recent_failures: the newest failed attempts, and what became of their jobs; for dashboards.
--   $1 int at most so many
-- Locks: none.   Index: failure_pkey backwards; job_pkey, outcome_pkey, held_pkey for each.
--
-- Not by joins: the plan of these, made while the tables were empty, would read the whole history.
with newest as materialized (
  select failure.id, failure.job_id, failure.attempt, failure.failed_at, failure.error
  from pgqueuer.failure as failure
  order by failure.id desc
  limit $1::int
),
known as materialized (
  select
    newest.id, newest.job_id, newest.attempt, newest.failed_at, newest.error,
    (select job.entrypoint from pgqueuer.job as job where job.id = newest.job_id) as entrypoint,
    coalesce(
      (select outcome.status from pgqueuer.outcome as outcome where outcome.job_id = newest.job_id),
      (select 'failed' from pgqueuer.held as held where held.job_id = newest.job_id)
    ) as ended_as
  from newest
)
select
  known.job_id::text as job_id, known.attempt, known.failed_at, left(known.error, 500) as error, known.entrypoint, known.ended_as
from known
where known.entrypoint is not null
order by known.id desc;
