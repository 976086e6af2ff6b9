-- expire_due: end jobs that should have started by now and still wait for their first attempt. Answers with how many times have come and
-- how many jobs ended, and with the ms until the next time.
--   $1 int  at most so many   $2 text  channel to notify of ends, if somebody waits for any
-- Locks: the due rows, those of the ended jobs and their dedupe keys, never waits. A row that another statement is at belongs to a job in
-- motion: it is looked at again soon. A claimed job is looked at no more: it has started, or whoever claims it next sees that it is late.
-- Index: expiry_expire_at_idx, job_pkey, ready_pkey (a fresh job's seq is its id), ready_moved_idx, deferred_pkey, held_pkey, outcome_pkey,
-- dedupe_job_idx; claim is read whole when something is due.
with moment as materialized (
  select clock_timestamp() as now
),
due as materialized (
  select job_id
  from pgqueuer.expiry as expiry
  where expire_at <= (select now from moment)
  order by expire_at, job_id
  limit $1::int
  for update skip locked
),
target as materialized (
  select id, entrypoint, ~priority as rank from pgqueuer.job as job where id = any (array(select job_id from due))
),
standing as materialized (
  select ready.ctid as place, ready.job_id, ready.attempt
  from target
  cross join lateral (
    select fresh.ctid, fresh.job_id, fresh.attempt
    from pgqueuer.ready as fresh
    where fresh.entrypoint = target.entrypoint and fresh.rank = target.rank and fresh.seq = target.id and fresh.job_id = target.id
    union all
    select moved.ctid, moved.job_id, moved.attempt from pgqueuer.ready as moved where moved.job_id = target.id and moved.seq <> moved.job_id
  ) as ready
),
from_ready as (
  delete from pgqueuer.ready as ready
  where ctid = any (array(
    select ctid
    from pgqueuer.ready as ready
    where ctid = any (array(select place from standing where attempt = 1))
    for update skip locked
  ))
  returning job_id, entrypoint, attempt, rescues
),
from_deferred as (
  delete from pgqueuer.deferred as deferred
  where ctid = any (array(
    select ctid
    from pgqueuer.deferred as deferred
    where job_id = any (array(select id from target)) and attempt = 1
    order by job_id
    for update skip locked
  ))
  returning job_id, entrypoint, attempt, rescues
),
ended as (
  insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, rescues, error)
  select job_id, entrypoint, 'deleted', attempt, rescues, 'expired' from from_ready
  union all
  select job_id, entrypoint, 'deleted', attempt, rescues, 'expired' from from_deferred
  returning job_id, entrypoint
),
rolled as (
  insert into pgqueuer.rollup_entry (entrypoint, minute, deleted)
  select entrypoint, date_trunc('minute', now()), count(*) from ended group by entrypoint
),
moving as materialized (
  select id
  from target
  where id not in (select job_id from ended)
    and not exists (select from pgqueuer.outcome as outcome where outcome.job_id = target.id)
    and not exists (select from pgqueuer.held as held where held.job_id = target.id)
    and not exists (select from pgqueuer.deferred as deferred where deferred.job_id = target.id and deferred.attempt > 1)
    and id not in (select job_id from standing where attempt > 1)
    and id not in (select member from pgqueuer.claim as claim cross join lateral unnest(claim.job_ids) as member)
),
settled as (
  delete from pgqueuer.expiry as expiry
  where job_id = any (array(select job_id from due where job_id not in (select id from moving)))
),
postponed as (
  update pgqueuer.expiry as expiry
  set expire_at = moment.now + interval '5 seconds'
  from moment
  where expiry.job_id = any (array(select id from moving))
),
freed as (
  delete from pgqueuer.dedupe as dedupe
  where ctid = any (array(
    select ctid from pgqueuer.dedupe as dedupe where job_id = any (array(select job_id from ended)) for update skip locked
  ))
),
told as materialized (
  select pg_notify($2::text, json_build_object('ended', json_agg(job_id::text))::text)
  from (
    select job_id, (row_number() over () - 1) / 300 as part
    from ended
    where exists (select from pgqueuer.watcher as watcher where seen_at > now() - interval '15 seconds')
  ) as ended_job
  group by part
)
select
  (select count(*)::int from due) as due,
  (select count(*)::int from ended) as ended,
  (select count(*) from told) as told,
  least(
    (
      select (extract(epoch from expire_at - clock_timestamp()) * 1000)::float8
      from pgqueuer.expiry as expiry
      where expire_at > (select now from moment)
      order by expire_at
      limit 1
    ),
    case when exists (select from moving) then 5000 end
  ) as next_in_ms;
