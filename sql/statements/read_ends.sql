-- read_ends: how many jobs of each entrypoint ended how in a time; what is not merged yet is counted, too. Without histograms, which for
-- ten thousand entrypoints take ten times as long.
--   $1 text span of the rows to read: minute, hour or day   $2 float8 ms back from now, from the beginning of a span on
-- Locks: none.   Index: rollup_span_idx. Reads rollup_entry whole: some seconds' worth.
with period as materialized (
  select to_timestamp(
    floor((extract(epoch from clock_timestamp())::float8 * 1000 - $2::float8)
      / case $1::text when 'minute' then 60000 when 'hour' then 3600000 else 86400000 end)
    * case $1::text when 'minute' then 60 when 'hour' then 3600 else 86400 end
  ) as first
),
part as (
  select entrypoint, successful, exception, failed, canceled, deleted, retried, rescued
  from pgqueuer.rollup as rollup
  where span = $1::text and entrypoint <> '' and starts_at >= (select first from period)
  union all
  select entrypoint, successful, exception, failed, canceled, deleted, retried, rescued
  from pgqueuer.rollup_entry as rollup_entry
  where minute >= (select first from period)
)
select
  entrypoint,
  coalesce(sum(successful), 0)::float8 as successful, coalesce(sum(exception), 0)::float8 as exception,
  coalesce(sum(failed), 0)::float8 as failed, coalesce(sum(canceled), 0)::float8 as canceled, coalesce(sum(deleted), 0)::float8 as deleted,
  coalesce(sum(retried), 0)::float8 as retried, coalesce(sum(rescued), 0)::float8 as rescued
from part
group by entrypoint;
