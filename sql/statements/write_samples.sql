-- write_samples: keep what was measured, one element a value. The first one of a minute stands.
--   $1 text[] kind   $2 text[] label   $3 float8[] value
-- Locks: the new rows.   Index: sample_pkey.
insert into pgqueuer.sample (kind, label, at, value)
select kind, label, date_trunc('minute', now()), value
from unnest($1::text[], $2::text[], $3::float8[]) as sample (kind, label, value)
on conflict (kind, label, at) do nothing;
