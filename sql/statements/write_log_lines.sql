-- write_log_lines: what handlers logged about their jobs, in order.
--   $1 bigint[] job   $2 int[] attempt   $3 text[] level   $4 text[] message   $5 json[] fields   $6 float8[] milliseconds since then
-- Locks: none.   Index: log_line_job_idx.
--
-- It does not wait for the disk, as with progress.
insert into pgqueuer.log_line (job_id, attempt, level, message, fields, logged_at)
select job_id, attempt, level, message, fields, clock_timestamp() - age_ms * interval '1 millisecond'
from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::json[], $6::float8[]) with ordinality
  as line (job_id, attempt, level, message, fields, age_ms, nth)
cross join (select set_config('synchronous_commit', 'off', true)) as unhurried
order by nth;
