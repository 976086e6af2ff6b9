-- find_text: which of these jobs have a text in their payload or their error, in any case.
--   $1 bigint[] jobs   $2 text lower case   $3 int payloads up to so many bytes, as they are stored
-- Locks: none.   Index: job_pkey, outcome_pkey, held_pkey.
select job.id::text as id
from pgqueuer.job as job
left join lateral (select outcome.error from pgqueuer.outcome as outcome where outcome.job_id = job.id) as outcome on true
left join lateral (select held.error from pgqueuer.held as held where held.job_id = job.id) as held on true
where job.id = any ($1::bigint[])
  and (
    (pg_column_size(job.payload) <= $3::int and position($2::text in lower(job.payload::text)) > 0)
    or position($2::text in lower(coalesce(outcome.error, held.error, ''))) > 0
  );
