-- find_text: which of these jobs have a text in their payload or their error, in any case.
--   $1 bigint[] jobs   $2 text lower case   $3 int payloads up to so many bytes, as they are stored   $4 boolean the text is plain ASCII
-- Locks: none.   Index: job_pkey, outcome_pkey, held_pkey.
--
-- What PostgreSQL knows of other letters makes lower() several times as slow, and an ASCII text has none of them.
select job.id::text as id
from pgqueuer.job as job
where job.id = any ($1::bigint[])
  and pg_column_size(job.payload) <= $3::int
  and case
    when $4::boolean then position($2::text in lower(job.payload::text collate "C")) > 0
    else position($2::text in lower(job.payload::text)) > 0
  end
union
select outcome.job_id::text
from pgqueuer.outcome as outcome
where outcome.job_id = any ($1::bigint[])
  and outcome.error is not null
  and case
    when $4::boolean then position($2::text in lower(outcome.error collate "C")) > 0
    else position($2::text in lower(outcome.error)) > 0
  end
union
select held.job_id::text
from pgqueuer.held as held
where held.job_id = any ($1::bigint[])
  and case
    when $4::boolean then position($2::text in lower(held.error collate "C")) > 0
    else position($2::text in lower(held.error)) > 0
  end;
