-- read_depth: how many unfinished jobs stand where, by entrypoint, and for how long the oldest one has waited. Counted up to a size,
-- estimated beyond it. The entrypoints with most jobs first.
--   $1 int count up to so many jobs of a place   $2 int of an entrypoint, where there are more   $3 int pages to read for an estimate
--   $4 int look at so many lines, one for each entrypoint and priority   $5 int answer with so many entrypoints
-- Locks: none.   Index: ready_pkey, deferred_pkey, held_pkey, job_pkey. Reads claim whole.
--
-- The planner must expect many rows of a line, and not know how many are asked for, or it sorts all of them: hence a range of ranks, and
-- not "rank = ", as in exchange; and limits in sub-selects.
-- A line's head is its oldest job. What is counted in a line is counted from there, so that dead rows before it are walked once. Reading some pages of a table, wherever they are, tells how many live rows it has, also when most of it is dead.
with recursive line as (
  (
    select entrypoint, rank, seq, job_id, 1 as number
    from pgqueuer.ready as ready
    order by ready.entrypoint, ready.rank, ready.seq
    limit 1
  )
  union all
  select next.entrypoint, next.rank, next.seq, next.job_id, line.number + 1
  from line
  cross join lateral (
    select ready.entrypoint, ready.rank, ready.seq, ready.job_id
    from pgqueuer.ready as ready
    where (ready.entrypoint, ready.rank) > (line.entrypoint, line.rank)
    order by ready.entrypoint, ready.rank, ready.seq
    limit 1
  ) as next
  where line.number < $4::int
),
oldest as materialized (
  select line.entrypoint, min(greatest(job.created_at, job.execute_after)) as since
  from line
  left join lateral (select created_at, execute_after from pgqueuer.job as job where job.id = line.job_id offset 0) as job on true
  group by line.entrypoint
),
reached as materialized (
  select count(*) < $4::int as all_lines from line
),
walked as materialized (
  (
    select 'queued' as place, next.entrypoint
    from line
    cross join lateral (
      select ready.entrypoint
      from pgqueuer.ready as ready
      where ready.entrypoint = line.entrypoint
        and (ready.rank, ready.seq) >= (line.rank, line.seq)
        and ready.rank <= line.rank
      order by ready.rank, ready.seq
      limit (select $1::int + 1)
    ) as next
    where (select all_lines from reached)
    limit (select $1::int + 1)
  )
  union all
  (
    select 'queued', entrypoint
    from pgqueuer.ready as ready
    where not (select all_lines from reached)
    order by ready.entrypoint, rank, seq
    limit (select $1::int + 1)
  )
  union all
  (select 'deferred', entrypoint from pgqueuer.deferred as deferred order by job_id limit (select $1::int + 1))
  union all
  (select 'failed', entrypoint from pgqueuer.held as held order by job_id limit (select $1::int + 1))
),
exact as materialized (
  select place, count(*) <= $1::int as is_exact from walked group by place
),
size as materialized (
  select
    greatest(1, pg_relation_size('pgqueuer.ready') / current_setting('block_size')::int) as ready,
    greatest(1, pg_relation_size('pgqueuer.deferred') / current_setting('block_size')::int) as deferred,
    greatest(1, pg_relation_size('pgqueuer.held') / current_setting('block_size')::int) as held
),
sampled as materialized (
  select 'queued' as place, entrypoint, count(*) * greatest(1, (select ready from size)::float8 / $3::int) as count
  from pgqueuer.ready as ready tablesample system (least(100, 100.0 * $3::int / (select ready from size)))
  where exists (select from exact where place = 'queued' and not is_exact)
  group by entrypoint
  union all
  select 'deferred', entrypoint, count(*) * greatest(1, (select deferred from size)::float8 / $3::int)
  from pgqueuer.deferred as deferred tablesample system (least(100, 100.0 * $3::int / (select deferred from size)))
  where exists (select from exact where place = 'deferred' and not is_exact)
  group by entrypoint
  union all
  select 'failed', entrypoint, count(*) * greatest(1, (select held from size)::float8 / $3::int)
  from pgqueuer.held as held tablesample system (least(100, 100.0 * $3::int / (select held from size)))
  where exists (select from exact where place = 'failed' and not is_exact)
  group by entrypoint
),
probed as materialized (
  select name.entrypoint, probe.count
  from (
    select distinct on (entrypoint) entrypoint, rank, seq
    from line
    where exists (select from exact where place = 'queued' and not is_exact)
    order by entrypoint, rank
  ) as name
  cross join lateral (
    select count(*) as count
    from (
      select
      from pgqueuer.ready as ready
      where ready.entrypoint = name.entrypoint and (ready.rank, ready.seq) >= (name.rank, name.seq)
      order by ready.rank, ready.seq
      limit (select $2::int)
    ) as first_ones
  ) as probe
),
counted as (
  select walked.place, entrypoint, count(*)::float8 as count, true as is_exact
  from walked
  join exact on exact.place = walked.place and exact.is_exact
  group by walked.place, entrypoint
  union all
  select
    'queued', coalesce(probed.entrypoint, sampled.entrypoint),
    case when probed.count < $2::int then probed.count else greatest(probed.count, sampled.count) end,
    coalesce(probed.count < $2::int, false)
  from probed
  full join (select entrypoint, count from sampled where place = 'queued') as sampled on sampled.entrypoint = probed.entrypoint
  union all
  select place, entrypoint, count, false from sampled where place <> 'queued'
  union all
  select 'picked', entrypoint, sum(cardinality(job_ids))::float8, true from pgqueuer.claim as claim group by entrypoint
),
summed as (
  select
    entrypoint,
    round(sum(count) filter (where place = 'queued')) as queued,
    round(sum(count) filter (where place = 'deferred')) as deferred,
    sum(count) filter (where place = 'picked') as picked,
    round(sum(count) filter (where place = 'failed')) as failed,
    bool_and(is_exact) filter (where place = 'queued') as queued_exact,
    sum(count) as total
  from counted
  group by entrypoint
)
select
  summed.entrypoint, queued, deferred, picked, failed,
  coalesce(queued_exact, true) as queued_exact,
  coalesce((select is_exact from exact where place = 'deferred'), true) as deferred_exact,
  coalesce((select is_exact from exact where place = 'failed'), true) as failed_exact,
  coalesce((select is_exact from exact where place = 'queued'), true) or (select all_lines from reached) as all_seen,
  (extract(epoch from clock_timestamp() - oldest.since) * 1000)::float8 as oldest_wait_ms,
  count(*) over ()::int as entrypoints
from summed
left join oldest on oldest.entrypoint = summed.entrypoint
order by total desc, summed.entrypoint
limit $5::int;
