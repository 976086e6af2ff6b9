-- list_held_ids: the newest jobs of one entrypoint that are held as failed, for requeueing them in batches.
--   $1 text entrypoint   $2 bigint only ids below this, or null   $3 int at most so many
-- Locks: none.   Index: held_pkey.
select job_id::text as id
from pgqueuer.held as held
where entrypoint = $1::text and ($2::bigint is null or job_id < $2::bigint)
order by job_id desc
limit $3::int;
