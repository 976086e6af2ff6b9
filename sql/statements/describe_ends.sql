-- describe_ends: how these jobs ended, for those who watch all of them; who is not in the answer goes on, or is gone.
--   $1 bigint[] jobs
-- Locks: none.   Index: outcome_pkey, held_pkey.
select
  job_id::text as id, entrypoint, status, attempt, error,
  (extract(epoch from finished_at - started_at) * 1000)::float8 as run_ms
from pgqueuer.outcome as outcome
where job_id = any ($1::bigint[])
union all
select job_id::text, entrypoint, 'failed', attempt, error, null
from pgqueuer.held as held
where job_id = any ($1::bigint[]);
