-- list_entrypoint_ids: jobs of one entrypoint that wait or are held, for deleting them in batches.
--   $1 text entrypoint   $2 int at most so many
-- Locks: none.   Index: ready_pkey; deferred and held are read whole.
select job_id::text as id
from (
  (select job_id from pgqueuer.ready as ready where entrypoint = $1::text order by rank, seq limit $2::int)
  union all
  (select job_id from pgqueuer.deferred as deferred where entrypoint = $1::text limit $2::int)
  union all
  (select job_id from pgqueuer.held as held where entrypoint = $1::text limit $2::int)
) as found
limit $2::int;
