-- read_samples: what was measured of a kind, the mean of each step.
--   $1 text kind   $2 text label, or null for each   $3 float8 ms back from now   $4 float8 ms of a step
-- Locks: none.   Index: sample_pkey.
select
  label,
  floor(extract(epoch from at)::float8 * 1000 / $4::float8) * $4::float8 as at_ms,
  avg(value) as value
from pgqueuer.sample as sample
where kind = $1::text
  and ($2::text is null or label = $2::text)
  and at >= now() - $3::float8 * interval '1 millisecond'
group by label, at_ms
order by label, at_ms;
