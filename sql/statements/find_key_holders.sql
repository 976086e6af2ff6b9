-- find_key_holders: which unfinished jobs hold dedupe keys, by the place of the key in the input, from 0.
--   $1 text[] entrypoints   $2 text[] keys
-- Locks: none.   Index: dedupe_pkey, job_pkey, outcome_pkey.
select wanted.position::int - 1 as position, dedupe.job_id::text as id
from unnest($1::text[], $2::text[]) with ordinality as wanted (entrypoint, key, position)
join pgqueuer.dedupe as dedupe on dedupe.entrypoint = wanted.entrypoint and dedupe.key = wanted.key
where exists (select from pgqueuer.job as job where job.id = dedupe.job_id)
  and not exists (select from pgqueuer.outcome as outcome where outcome.job_id = dedupe.job_id);
