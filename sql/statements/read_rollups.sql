-- read_rollups: what ended in each step of a time, or in all of it; what is not merged yet is counted, too.
--   $1 text an entrypoint, '' for all together, null for each of them   $2 text span of the rows to read: minute, hour, day or ever
--   $3 float8 ms back from now, null for since ever   $4 float8 ms of a step, null for a single one
--   $5 text[] where $1 is null, only these entrypoints; null for all
-- Answers with the beginning of the first step and of the last one in ms since 1970, and a row for each step in which something ended.
-- Locks: none.   Index: rollup_entrypoint_idx, rollup_span_idx. Reads rollup_entry whole: some seconds' worth.
with period as materialized (
  select
    coalesce(floor((epoch_ms - $3::float8) / unit_ms) * unit_ms, 0) as first_ms,
    floor(epoch_ms / unit_ms) * unit_ms as last_ms,
    $4::float8 as step_ms
  from (
    select
      extract(epoch from clock_timestamp())::float8 * 1000 as epoch_ms,
      coalesce($4::float8, case $2::text when 'minute' then 60000 when 'hour' then 3600000 else 86400000 end) as unit_ms
  ) as moment
),
part as materialized (
  select
    entrypoint, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
  from pgqueuer.rollup as rollup
  where $1::text is not null
    and entrypoint = $1::text
    and span = $2::text
    and starts_at >= (select to_timestamp(first_ms / 1000) from period)
  union all
  select
    entrypoint, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
  from pgqueuer.rollup as rollup
  where $1::text is null
    and $5::text[] is not null
    and entrypoint = any ($5::text[])
    and span = $2::text
    and starts_at >= (select to_timestamp(first_ms / 1000) from period)
  union all
  select
    entrypoint, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
  from pgqueuer.rollup as rollup
  where $1::text is null
    and $5::text[] is null
    and entrypoint <> ''
    and span = $2::text
    and starts_at >= (select to_timestamp(first_ms / 1000) from period)
  union all
  select
    case when $1::text = '' then '' else entrypoint end, minute, successful, exception, failed, canceled, deleted, retried, rescued,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
  from pgqueuer.rollup_entry as rollup_entry
  where ($1::text is null or $1::text = '' or entrypoint = $1::text)
    and ($5::text[] is null or entrypoint = any ($5::text[]))
    and minute >= (select to_timestamp(first_ms / 1000) from period)
),
placed as materialized (
  select
    part.*,
    coalesce(first_ms + floor((extract(epoch from starts_at)::float8 * 1000 - first_ms) / step_ms) * step_ms, first_ms) as at_ms
  from part cross join period
),
total as (
  select
    entrypoint, at_ms,
    sum(successful) as successful, sum(exception) as exception, sum(failed) as failed, sum(canceled) as canceled, sum(deleted) as deleted,
    sum(retried) as retried, sum(rescued) as rescued, sum(run_ms) as run_ms, sum(wait_ms) as wait_ms
  from placed
  group by entrypoint, at_ms
),
bucket as (
  select entrypoint, at_ms, 'run' as kind, bucket, sum(count) as count
  from placed cross join lateral unnest(run_buckets, run_counts) as run (bucket, count)
  group by entrypoint, at_ms, bucket
  union all
  select entrypoint, at_ms, 'wait' as kind, bucket, sum(count) as count
  from placed cross join lateral unnest(wait_buckets, wait_counts) as wait (bucket, count)
  group by entrypoint, at_ms, bucket
),
histogram as (
  select
    entrypoint, at_ms,
    json_agg(json_build_array(bucket, count) order by bucket) filter (where kind = 'run') as runs,
    json_agg(json_build_array(bucket, count) order by bucket) filter (where kind = 'wait') as waits
  from bucket
  group by entrypoint, at_ms
)
select
  period.first_ms, period.last_ms, total.entrypoint, total.at_ms,
  coalesce(successful, 0)::float8 as successful, coalesce(exception, 0)::float8 as exception, coalesce(failed, 0)::float8 as failed,
  coalesce(canceled, 0)::float8 as canceled, coalesce(deleted, 0)::float8 as deleted, coalesce(retried, 0)::float8 as retried,
  coalesce(rescued, 0)::float8 as rescued, coalesce(run_ms, 0)::float8 as run_ms, coalesce(wait_ms, 0)::float8 as wait_ms,
  histogram.runs::text as runs, histogram.waits::text as waits
from period
left join total on true
left join histogram on histogram.entrypoint = total.entrypoint and histogram.at_ms = total.at_ms
order by total.at_ms, total.entrypoint;
