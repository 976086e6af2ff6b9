-- requeue_held: put jobs that are held as failed back into line, for one more attempt; answers with their ids.
--   $1 bigint[] jobs   $2 text  channel to notify
-- Locks: the moved rows, in order; waits for a delete that is at them.   Index: held_pkey.
with taken as (
  delete from pgqueuer.held as held
  where ctid = any (array(select ctid from pgqueuer.held as held where job_id = any ($1::bigint[]) order by job_id for update))
  returning job_id, entrypoint, rank, attempt
),
numbered as materialized (
  select nextval('pgqueuer.job_id_seq') as seq, ordered.* from (select * from taken order by job_id) as ordered
),
queued as (
  insert into pgqueuer.ready (entrypoint, rank, seq, job_id, attempt, rescues)
  select entrypoint, rank, seq, job_id, attempt + 1, 0 from numbered
  returning job_id
)
select job_id::text as id, case when row_number() over () = 1 then pg_notify($2::text, '{}') end as notified from queued;
