-- find_ends: which of these jobs have ended, and how; failed and held counts as an end. Jobs that go on are not in the answer, those that
-- don't exist are in it as unknown. Says at the same time that the watcher is alive, so that a poll is one statement.
--   $1 bigint[] jobs   $2 bigint  the watcher, at a poll; else null
-- Locks: the watcher's row.   Index: job_pkey, outcome_pkey, held_pkey.
with seen as (
  insert into pgqueuer.watcher (id, seen_at)
  select $2::bigint, clock_timestamp() where $2::bigint is not null
  on conflict (id) do update set seen_at = excluded.seen_at
)
select
  wanted.id::text as id,
  coalesce(outcome.status, case when held.job_id is not null then 'failed' else 'unknown' end) as status
from unnest($1::bigint[]) as wanted (id)
left join pgqueuer.job as job on job.id = wanted.id
left join pgqueuer.outcome as outcome on outcome.job_id = wanted.id
left join pgqueuer.held as held on held.job_id = wanted.id
where job.id is null or outcome.job_id is not null or held.job_id is not null;
