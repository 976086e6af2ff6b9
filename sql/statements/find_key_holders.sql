-- find_key_holders: which unfinished jobs hold dedupe keys, by the place of the key in the input, from 0.
--   $1 text[] entrypoints   $2 text[] keys
-- Locks: none.   Index: dedupe_pkey, job_pkey, outcome_pkey.
select wanted.position::int - 1 as position, dedupe.job_id::text as id
from unnest($1::text[], $2::text[]) with ordinality as wanted (entrypoint, key, position)
cross join lateral (
  select holder.job_id
  from pgqueuer.dedupe as holder
  where holder.entrypoint = wanted.entrypoint and holder.key = wanted.key
  offset 0
) as dedupe
where (select job.id from pgqueuer.job as job where job.id = dedupe.job_id) is not null
  and (select outcome.job_id from pgqueuer.outcome as outcome where outcome.job_id = dedupe.job_id) is null;
