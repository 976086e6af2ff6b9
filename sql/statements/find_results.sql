-- find_results: how jobs ended, in full: the result of those that succeeded, the error of the others.
--   $1 bigint[] jobs
-- Locks: none.   Index: outcome_pkey, held_pkey.
select job_id::text as id, status, result::text as result, error
from pgqueuer.outcome as outcome
where job_id = any ($1::bigint[])
union all
select job_id::text as id, 'failed' as status, null as result, error
from pgqueuer.held as held
where job_id = any ($1::bigint[])
  and not exists (select from pgqueuer.outcome as outcome where outcome.job_id = held.job_id);
