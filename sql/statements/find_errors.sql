-- find_errors: how the errors of jobs begin, of those that have failed for good.
--   $1 bigint[] jobs
-- Locks: none.   Index: outcome_pkey, held_pkey.
select outcome.job_id::text as id, left(outcome.error, 500) as error
from pgqueuer.outcome as outcome
where outcome.job_id = any ($1::bigint[]) and outcome.error is not null
union all
select held.job_id::text, left(held.error, 500)
from pgqueuer.held as held
where held.job_id = any ($1::bigint[]) and held.error is not null;
