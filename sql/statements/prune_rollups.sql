-- prune_rollups: remove sums and samples that are older than their resolution is kept: minutes after $1, hours after $2, days after $3;
-- of samples one an hour stays from $1 to $2. What was since ever stays.
--   $1 float8 ms   $2 float8 ms   $3 float8 ms   $4 int at most so many of each
-- Locks: what it removes, never waits.   Index: rollup_span_idx, sample_at_idx.
with old_rollup as (
  delete from pgqueuer.rollup as rollup
  where ctid = any (array(
    select rollup.ctid
    from (values ('minute', $1::float8), ('hour', $2::float8), ('day', $3::float8)) as kept (span, age_ms)
    cross join lateral (
      select rollup.ctid
      from pgqueuer.rollup as rollup
      where rollup.span = kept.span and rollup.starts_at < now() - kept.age_ms * interval '1 millisecond'
      limit $4::int
      for update skip locked
    ) as rollup
  ))
),
old_sample as (
  delete from pgqueuer.sample as sample
  where ctid = any (array(
    select ctid
    from pgqueuer.sample as sample
    where at < now() - $1::float8 * interval '1 millisecond'
      and (at < now() - $2::float8 * interval '1 millisecond' or date_part('minute', at) <> 0)
    limit $4::int
    for update skip locked
  ))
)
select 1 as done;
