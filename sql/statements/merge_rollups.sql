-- merge_rollups: add what workers have written since the last time to the sums by minute, hour, day and since ever, of each entrypoint and
-- of all together (''). One worker at a time, whose turn it is. Answers with how many entries there were, and whether it had the turn.
--   $1 float8 ms until the next turn   $2 int at most so many entries   $3 boolean this worker has the turn, and keeps it
-- Locks: the duty's row, the entries, the rows that are summed anew.   Index: upkeep_pkey, rollup_entrypoint_idx or rollup_span_idx. Reads rollup_entry in its order.
--
-- "offset 0" keeps the planner to one look by the index for each sum: a join would read all sums, when the plan is older than they are.
-- A row is removed and written with its new sum: who reads in one snapshot sees each event once in each span. Were two at it at once,
-- both would write a row, and the next merge makes them one.
with taken as (
  update pgqueuer.upkeep as upkeep
  set due_at = now() + $1::float8 * interval '1 millisecond'
  where duty = 'rollups' and ($3::boolean or due_at <= now())
  returning duty
),
entry as (
  delete from pgqueuer.rollup_entry as rollup_entry
  where ctid = any (array(
    select ctid from pgqueuer.rollup_entry as rollup_entry where exists (select from taken) limit $2::int for update skip locked
  ))
  returning
    entrypoint, minute, successful, exception, failed, canceled, deleted, retried, rescued,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
),
fresh as materialized (
  select
    entrypoint, minute,
    sum(successful) as successful, sum(exception) as exception, sum(failed) as failed, sum(canceled) as canceled, sum(deleted) as deleted,
    sum(retried) as retried, sum(rescued) as rescued, sum(run_ms) as run_ms, sum(wait_ms) as wait_ms
  from entry
  group by entrypoint, minute
),
fresh_time as materialized (
  select 'run' as kind, entrypoint, minute, bucket, sum(count) as count
  from entry cross join lateral unnest(run_buckets, run_counts) as run (bucket, count)
  group by entrypoint, minute, bucket
  union all
  select 'wait' as kind, entrypoint, minute, bucket, sum(count) as count
  from entry cross join lateral unnest(wait_buckets, wait_counts) as wait (bucket, count)
  group by entrypoint, minute, bucket
),
span as materialized (
  select
    minute, name as span,
    case when name = 'ever' then timestamptz 'epoch' else date_trunc(name, minute at time zone 'UTC') at time zone 'UTC' end as starts_at
  from (select distinct minute from fresh) as fresh
  cross join unnest(array['minute', 'hour', 'day', 'ever']) as name
),
target as materialized (
  select distinct owner.entrypoint, span.span, span.starts_at
  from fresh
  join span on span.minute = fresh.minute
  cross join lateral unnest(array[fresh.entrypoint, '']) as owner (entrypoint)
),
known as (
  delete from pgqueuer.rollup as rollup
  where ctid = any (array(
    select known.ctid
    from target
    cross join lateral (
      select rollup.ctid
      from pgqueuer.rollup as rollup
      where rollup.entrypoint = target.entrypoint and rollup.span = target.span and rollup.starts_at = target.starts_at
      offset 0
    ) as known
  ))
  returning
    entrypoint, span, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
),
total as (
  select
    entrypoint, span, starts_at,
    sum(successful) as successful, sum(exception) as exception, sum(failed) as failed, sum(canceled) as canceled, sum(deleted) as deleted,
    sum(retried) as retried, sum(rescued) as rescued, sum(run_ms) as run_ms, sum(wait_ms) as wait_ms
  from (
    select
      owner.entrypoint, span.span, span.starts_at, successful, exception, failed, canceled, deleted, retried, rescued, run_ms, wait_ms
    from fresh
    join span on span.minute = fresh.minute
    cross join lateral unnest(array[fresh.entrypoint, '']) as owner (entrypoint)
    union all
    select entrypoint, span, starts_at, successful, exception, failed, canceled, deleted, retried, rescued, run_ms, wait_ms from known
  ) as part
  group by entrypoint, span, starts_at
),
bucket as (
  select entrypoint, span, starts_at, kind, bucket, sum(count)::bigint as count
  from (
    select owner.entrypoint, span.span, span.starts_at, kind, bucket, count
    from fresh_time
    join span on span.minute = fresh_time.minute
    cross join lateral unnest(array[fresh_time.entrypoint, '']) as owner (entrypoint)
    union all
    select entrypoint, span, starts_at, 'run', bucket, count
    from known cross join lateral unnest(run_buckets, run_counts) as run (bucket, count)
    union all
    select entrypoint, span, starts_at, 'wait', bucket, count
    from known cross join lateral unnest(wait_buckets, wait_counts) as wait (bucket, count)
  ) as part
  group by entrypoint, span, starts_at, kind, bucket
),
histogram as (
  select
    entrypoint, span, starts_at,
    array_agg(bucket order by bucket) filter (where kind = 'run') as run_buckets,
    array_agg(count order by bucket) filter (where kind = 'run') as run_counts,
    array_agg(bucket order by bucket) filter (where kind = 'wait') as wait_buckets,
    array_agg(count order by bucket) filter (where kind = 'wait') as wait_counts
  from bucket
  group by entrypoint, span, starts_at
),
written as (
  insert into pgqueuer.rollup (
    entrypoint, span, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
  )
  select
    total.entrypoint, total.span, total.starts_at,
    coalesce(successful, 0), coalesce(exception, 0), coalesce(failed, 0), coalesce(canceled, 0), coalesce(deleted, 0),
    coalesce(retried, 0), coalesce(rescued, 0),
    coalesce(run_ms, 0), coalesce(run_buckets, '{}'), coalesce(run_counts, '{}'),
    coalesce(wait_ms, 0), coalesce(wait_buckets, '{}'), coalesce(wait_counts, '{}')
  from total
  left join histogram
    on histogram.entrypoint = total.entrypoint and histogram.span = total.span and histogram.starts_at = total.starts_at
)
select exists (select from taken) as taken, (select count(*)::int from entry) as entries;
