-- list_recent_failures: the newest failed attempts, and what became of their jobs; for dashboards.
--   $1 int at most so many
-- Locks: none.   Index: failure_pkey backwards; job_pkey, outcome_pkey, held_pkey for each.
with newest as materialized (
  select failure.id, failure.job_id, failure.attempt, failure.failed_at, failure.error
  from pgqueuer.failure as failure
  order by failure.id desc
  limit $1::int
)
select
  newest.job_id::text as job_id, newest.attempt, newest.failed_at, left(newest.error, 500) as error, job.entrypoint,
  case when outcome.job_id is not null then outcome.status when held.job_id is not null then 'failed' end as ended_as
from newest
join pgqueuer.job as job on job.id = newest.job_id
left join pgqueuer.outcome as outcome on outcome.job_id = newest.job_id
left join pgqueuer.held as held on held.job_id = newest.job_id
order by newest.id desc;
