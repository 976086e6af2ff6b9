-- reschedule_waiting: give jobs that wait another time or priority; answers with where those that it moved stand now.
--   $1 bigint[] jobs   $2 float8 ms from now, or null   $3 timestamptz, or null   $4 int priority, or null   $5 text  channel to notify
-- Locks: the moved rows; waits for a claim or a promotion that is at them.
-- Index: job_pkey, ready_pkey (a fresh job's seq is its id), ready_moved_idx, deferred_pkey.
--
-- A job without a new time stays where it is: in line, or deferred. What is put into line gets a new place in it, behind the others of its
-- priority. The notification is plain: it makes workers look everywhere, and at the next due time.
with moment as materialized (
  select clock_timestamp() as now
),
chosen as materialized (
  select coalesce($3::timestamptz, now + $2::float8 * interval '1 millisecond') as run_at, now from moment
),
target as materialized (
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
  returning job_id, entrypoint, rank, attempt, rescues
),
from_deferred as (
  delete from pgqueuer.deferred as deferred
  where ctid = any (array(select ctid from pgqueuer.deferred as deferred where job_id = any ($1::bigint[]) order by job_id for update))
  returning job_id, entrypoint, rank, run_at, attempt, rescues
),
taken as materialized (
  select
    waiting.job_id, waiting.entrypoint, coalesce(~($4::int), waiting.rank) as rank, waiting.attempt, waiting.rescues,
    coalesce(chosen.run_at, waiting.run_at) as run_at, chosen.now
  from (
    select job_id, entrypoint, rank, null::timestamptz as run_at, attempt, rescues from from_ready
    union all
    select job_id, entrypoint, rank, run_at, attempt, rescues from from_deferred
  ) as waiting
  cross join chosen
),
numbered as materialized (
  select nextval('pgqueuer.job_id_seq') as seq, ordered.* from (
    select * from taken where run_at is null or run_at <= now order by run_at, job_id
  ) as ordered
),
ready_now as (
  insert into pgqueuer.ready (entrypoint, rank, seq, job_id, attempt, rescues)
  select entrypoint, rank, seq, job_id, attempt, rescues from numbered
),
deferred_now as (
  insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at, attempt, rescues)
  select job_id, entrypoint, rank, run_at, attempt, rescues from taken where run_at > now
)
select
  job_id::text as id, case when run_at > now then 'deferred' else 'queued' end as status,
  case when row_number() over () = 1 then pg_notify($5::text, '{}') end as notified
from taken;
