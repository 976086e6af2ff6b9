-- write_progress: how far jobs are; the last value of each stays.
--   $1 bigint[] job, each once   $2 int[] attempt   $3 json[] value
-- Locks: the rows, by job.   Index: progress_pkey.
--
-- It does not wait for the disk: lost in a crash, the next value follows soon.
insert into pgqueuer.progress (job_id, attempt, value, updated_at)
select job_id, attempt, value, clock_timestamp()
from unnest($1::bigint[], $2::int[], $3::json[]) as note (job_id, attempt, value)
cross join (select set_config('synchronous_commit', 'off', true)) as unhurried
order by job_id
on conflict (job_id) do update set attempt = excluded.attempt, value = excluded.value, updated_at = excluded.updated_at;
