-- prune_history: remove jobs that ended long enough ago, one step of a walk through all of them.
--   $1 bigint the job after which to look   $2 int read at most so many ends   $3 int remove at most so many of them
--   $4 text[] statuses   $5 float8[] the age at which each goes, in ms since the end, null for never
--   $6 boolean an entrypoint's own ages come before those   $7 text[] only of these entrypoints, or null
--   $8 boolean only count
-- Answers with what was removed, and where to go on: null behind the last one that could be old enough.
-- Locks: what it removes, never waits.   Index: outcome_pkey, job_pkey, failure_job_idx, progress_pkey, log_line_job_idx, dedupe_job_idx.
--
-- A job that a claim still names is left alone: its end was recorded in a transaction of its handler, and the worker will ask for it.
-- The walk follows the ids, and not the times of the ends: their index holds ranges of pages, of little use where space is used again.
-- No job ended before it was made, so where jobs were made later than the shortest age ago, the walk is at its end.
with rule as materialized (
  select status, age_ms from unnest($4::text[], $5::float8[]) as rule (status, age_ms)
),
own as materialized (
  select entrypoint.name as entrypoint, rule.status, (entrypoint.retention ->> rule.status)::float8 as age_ms
  from pgqueuer.entrypoint as entrypoint
  cross join rule
  where $6::boolean
    and json_typeof(entrypoint.retention) = 'object'
    and json_typeof(entrypoint.retention -> rule.status) is not null
),
shortest as materialized (
  select least((select min(age_ms) from rule), (select min(age_ms) from own)) as age_ms
),
chunk as materialized (
  select job_id, entrypoint, status, finished_at
  from pgqueuer.outcome as outcome
  where job_id > $1::bigint
  order by job_id
  limit case when (select age_ms from shortest) is null then 0 else $2::int end
),
claimed as materialized (
  select unnest(job_ids) as job_id from pgqueuer.claim as claim
),
expired as materialized (
  select chunk.job_id, chunk.entrypoint, chunk.status
  from chunk
  join rule on rule.status = chunk.status
  left join own on own.entrypoint = chunk.entrypoint and own.status = chunk.status
  where ($7::text[] is null or chunk.entrypoint = any ($7::text[]))
    and chunk.finished_at <= now() - (case when own.status is null then rule.age_ms else own.age_ms end) * interval '1 millisecond'
    and chunk.job_id not in (select job_id from claimed)
  order by chunk.job_id
  limit $3::int
),
removed as (
  delete from pgqueuer.outcome as outcome
  where job_id = any (array(
    select job_id
    from pgqueuer.outcome as outcome
    where not $8::boolean and job_id = any (array(select job_id from expired))
    for update skip locked
  ))
  returning job_id, entrypoint, status
),
jobs as (
  delete from pgqueuer.job as job where id = any (array(select job_id from removed))
),
attempts as (
  delete from pgqueuer.failure as failure where job_id = any (array(select job_id from removed))
),
last_progress as (
  delete from pgqueuer.progress as progress where job_id = any (array(select job_id from removed))
),
log_lines as (
  delete from pgqueuer.log_line as log_line where job_id = any (array(select job_id from removed))
),
left_keys as (
  delete from pgqueuer.dedupe as dedupe
  where ctid = any (array(
    select ctid from pgqueuer.dedupe as dedupe where job_id = any (array(select job_id from removed)) for update skip locked
  ))
),
counted as materialized (
  select entrypoint, status, count(*)::int as count
  from (
    select entrypoint, status from removed
    union all
    select entrypoint, status from expired where $8::boolean
  ) as gone
  group by entrypoint, status
  order by entrypoint, status
),
reached as materialized (
  select
    (select count(*) from chunk) = $2::int as full_chunk,
    (select count(*) from expired) = $3::int as full_batch,
    (select max(job_id) from chunk) as read_to,
    (select max(job_id) from expired) as removed_to,
    (
      select job.created_at <= now() - (select age_ms from shortest) * interval '1 millisecond'
      from pgqueuer.job as job
      where job.id = (select max(job_id) from chunk)
    ) as may_go_on
)
select
  (select json_agg(json_build_object('entrypoint', entrypoint, 'status', status, 'count', count))::text from counted) as counts,
  case
    when full_batch then removed_to
    when full_chunk and may_go_on is not false then read_to
  end::text as next
from reached;
