-- find_errors: how the errors of jobs begin, of those that have failed for good.
--   $1 bigint[] jobs
-- Locks: none.   Index: outcome_pkey, held_pkey.
select target.job_id::text as id, left(coalesce(outcome.error, held.error), 500) as error
from unnest($1::bigint[]) as target (job_id)
left join lateral (select outcome.error from pgqueuer.outcome as outcome where outcome.job_id = target.job_id) as outcome on true
left join lateral (select held.error from pgqueuer.held as held where held.job_id = target.job_id) as held on true
where coalesce(outcome.error, held.error) is not null;
