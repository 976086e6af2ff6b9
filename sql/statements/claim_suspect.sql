-- claim_suspect: claim one job that was rescued before. A worker runs at most one such suspect at a time, in a claim row of its own,
-- so that the rescue of a worker that died knows whom to blame.
--   $1 bigint worker   $2 text[] entrypoints   $3 bigint[] the worker's leases on those that are limited
-- Locks: the leases, and the taken row only, which it never waits for.   Index: ready_suspect_idx, job_pkey; entrypoint is read whole.
with leased as materialized (
  select entrypoint
  from pgqueuer.lease as lease
  where id = any ($3::bigint[]) and worker_id = $1::bigint
  order by entrypoint
  for key share
),
closed as materialized (
  select name
  from pgqueuer.entrypoint as entrypoint
  where paused or name not in (select entrypoint from leased) and (
    case when concurrency_limit_is_set then set_concurrency_limit else code_concurrency_limit end is not null
    or case when requests_per_second_is_set then set_requests_per_second else code_requests_per_second end is not null
  )
),
taken as (
  delete from pgqueuer.ready as ready
  where ctid = any (array(
    select ctid
    from pgqueuer.ready as ready
    where rescues > 0
      and entrypoint = any ($2::text[])
      and entrypoint not in (select name from closed)
      and exists (select from pgqueuer.worker as worker where worker.id = $1::bigint and stopped_at is null)
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
  date_part('epoch', job.created_at) * 1000 as created_ms,
  case when max_attempts is not null or timeout_ms is not null or expire_at is not null or dedupe_key is not null then
    json_build_object(
      'maxAttempts', max_attempts, 'timeoutMs', timeout_ms, 'keyed', dedupe_key is not null,
      'expired', expire_at <= clock_timestamp() and taken.attempt = 1
    )::text
  end as settings
from claimed
cross join taken
left join pgqueuer.job as job on job.id = taken.job_id;
