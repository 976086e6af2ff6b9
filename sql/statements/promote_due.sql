-- promote_due: move deferred jobs whose time has come into ready, in the order of their times.
--   $1 int  at most so many   $2 text  channel to notify, or null
-- Answers with how many were moved and from which place in line on, and when the next one is due, as ms from now and as ms since 1970.
-- Locks: the moved rows only, never waits.   Index: deferred_run_at_idx.
with moment as materialized (
  select clock_timestamp() as now
),
due as (
  delete from pgqueuer.deferred as deferred
  where ctid = any (array(
    select deferred.ctid
    from pgqueuer.deferred as deferred
    where deferred.run_at <= (select now from moment)
    order by deferred.run_at, deferred.job_id
    limit $1::int
    for update skip locked
  ))
  returning job_id, entrypoint, rank, run_at, attempt, rescues
),
numbered as materialized (
  select nextval('pgqueuer.job_id_seq') as seq, ordered.* from (select * from due order by run_at, job_id) as ordered
),
moved as (
  insert into pgqueuer.ready (entrypoint, rank, seq, job_id, attempt, rescues)
  select entrypoint, rank, seq, job_id, attempt, rescues from numbered
  returning entrypoint, seq
),
summary as materialized (
  select count(*)::int as promoted, json_agg(distinct entrypoint) as entrypoints, min(seq)::text as seq from moved
)
select
  summary.promoted, summary.entrypoints, summary.seq,
  case when promoted > 0 and $2::text is not null
    then pg_notify($2::text, json_build_object('entrypoints', entrypoints, 'seq', seq)::text) end as notified,
  (extract(epoch from next.run_at) * 1000)::float8 as next_due,
  (extract(epoch from next.run_at - clock_timestamp()) * 1000)::float8 as next_in_ms
from summary
left join (
  select run_at
  from pgqueuer.deferred as deferred
  where run_at > (select now from moment)
  order by run_at
  limit 1
) as next on true;
