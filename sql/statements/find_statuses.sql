-- find_statuses: where jobs stand; a job in between two places has the status null, an unknown one no row.
--   $1 bigint[] jobs
-- Locks: none.   Index: job_pkey, outcome_pkey, held_pkey, deferred_pkey, ready_pkey (a fresh job's seq is its id), ready_moved_idx; claim is
-- read whole, which is as long as what all workers hold.
--
-- Not by the view job_status: the plan of its joins, made while the tables were empty, would read the whole backlog.
-- A job whose handler ended it in a transaction of its own has an outcome before its claim is gone.
with target as materialized (
  select id, entrypoint, ~priority as rank from pgqueuer.job as job where id = any ($1::bigint[])
),
found as materialized (
  select job_id, status, 1 as place from pgqueuer.outcome as outcome where job_id = any ($1::bigint[])
  union all
  select member.job_id, 'picked', 2
  from pgqueuer.claim as claim
  cross join lateral unnest(claim.job_ids) as member (job_id)
  join target on target.id = member.job_id
  union all
  select job_id, 'failed', 2 from pgqueuer.held as held where job_id = any ($1::bigint[])
  union all
  select job_id, 'deferred', 2 from pgqueuer.deferred as deferred where job_id = any ($1::bigint[])
  union all
  select target.id, 'queued', 2
  from target
  cross join lateral (
    select
    from pgqueuer.ready as fresh
    where fresh.entrypoint = target.entrypoint and fresh.rank = target.rank and fresh.seq = target.id and fresh.job_id = target.id
    union all
    select from pgqueuer.ready as moved where moved.job_id = target.id and moved.seq <> moved.job_id
  ) as ready
),
first as (
  select distinct on (job_id) job_id, status from found order by job_id, place
)
select target.id::text as id, first.status from target left join first on first.job_id = target.id;
