-- end_waiting: cancel or delete jobs that no worker holds; answers with the ids that it ended.
--   $1 bigint[] jobs   $2 text 'canceled' or 'deleted'   $3 text  channel to notify of ends, if somebody waits for any
--   $4 bigint[] the jobs that replace them, or none
-- Locks: the taken rows; waits for a claim or a promotion that is at them. Held jobs can be deleted, not canceled.
-- Their dedupe keys become free; one that somebody is at keeps its row, which says nothing any more.
-- Index: job_pkey, ready_pkey (a fresh job's seq is its id), ready_moved_idx, deferred_pkey, held_pkey, dedupe_job_idx.
with target as materialized (
  select id, entrypoint, ~priority as rank from pgqueuer.job as job where id = any ($1::bigint[])
),
from_ready as (
  delete from pgqueuer.ready as ready
  where ctid = any (array(
    select ready.ctid
    from target
    cross join lateral (
      select fresh.ctid
      from pgqueuer.ready as fresh
      where fresh.entrypoint = target.entrypoint and fresh.rank = target.rank and fresh.seq = target.id and fresh.job_id = target.id
      union all
      select moved.ctid from pgqueuer.ready as moved where moved.job_id = target.id and moved.seq <> moved.job_id
    ) as ready
  ))
  returning job_id, entrypoint, attempt, rescues
),
from_deferred as (
  delete from pgqueuer.deferred as deferred
  where ctid = any (array(select ctid from pgqueuer.deferred as deferred where job_id = any ($1::bigint[]) order by job_id for update))
  returning job_id, entrypoint, attempt, rescues
),
from_held as (
  delete from pgqueuer.held as held
  where $2::text = 'deleted'
    and ctid = any (array(select ctid from pgqueuer.held as held where job_id = any ($1::bigint[]) order by job_id for update))
  returning job_id, entrypoint, attempt, rescues
),
taken as materialized (
  select job_id, entrypoint, attempt, rescues from from_ready
  union all
  select job_id, entrypoint, attempt, rescues from from_deferred
  union all
  select job_id, entrypoint, attempt, rescues from from_held
),
replaced as materialized (
  select job_id, 'replaced by job ' || replacement as error from unnest($1::bigint[], $4::bigint[]) as replaced (job_id, replacement)
),
ended as (
  insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, rescues, error)
  select taken.job_id, taken.entrypoint, $2::text, taken.attempt, taken.rescues, replaced.error
  from taken
  left join replaced on replaced.job_id = taken.job_id
  returning job_id, entrypoint
),
rolled as (
  insert into pgqueuer.rollup_entry (entrypoint, minute, canceled, deleted)
  select
    entrypoint, date_trunc('minute', now()),
    case when $2::text = 'canceled' then count(*) end, case when $2::text = 'deleted' then count(*) end
  from ended
  group by entrypoint
),
told as materialized (
  select pg_notify($3::text, json_build_object('ended', json_agg(job_id::text))::text)
  from (
    select job_id, (row_number() over () - 1) / 300 as part
    from ended
    where exists (select from pgqueuer.watcher as watcher where seen_at > now() - interval '15 seconds')
  ) as ended_job
  group by part
),
freed as (
  delete from pgqueuer.dedupe as dedupe
  where ctid = any (array(
    select ctid from pgqueuer.dedupe as dedupe where job_id = any (array(select job_id from taken)) for update skip locked
  ))
)
select job_id::text as id, (select count(*) from told) as told from ended;
