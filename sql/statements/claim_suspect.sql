-- claim_suspect: claim one job that was rescued before. A worker runs at most one such suspect at a time, in a claim row of its own,
-- so that the rescue of a worker that died knows whom to blame.
--   $1 bigint worker   $2 text[] entrypoints
-- Locks: the taken row only, never waits.   Index: ready_suspect_idx, job_pkey.
with taken as (
  delete from pgqueuer.ready as ready
  where ctid = any (array(
    select ctid
    from pgqueuer.ready as ready
    where rescues > 0 and entrypoint = any ($2::text[]) and exists (
      select from pgqueuer.worker as worker where worker.id = $1::bigint and stopped_at is null
    )
    order by rank, seq
    limit 1
    for update skip locked
  ))
  returning entrypoint, rank, seq, job_id, attempt, rescues
),
claimed as (
  insert into pgqueuer.claim (worker_id, entrypoint, rescues, job_ids, seqs, ranks, attempts)
  select $1::bigint, entrypoint, rescues, array[job_id], array[seq], array[rank], array[attempt] from taken
  returning id
)
select
  claimed.id::text as token, taken.job_id::text as id, taken.entrypoint, taken.rank, taken.seq::text as seq, taken.attempt,
  job.payload::text as payload, job.payload_bytes, job.headers::text as headers,
  date_part('epoch', job.created_at) * 1000 as created_ms
from claimed
cross join taken
left join pgqueuer.job as job on job.id = taken.job_id;
