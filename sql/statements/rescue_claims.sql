-- rescue_claims: the last step of a rescue, in a statement of its own, so that it sees every outcome that was committed before the claims changed hands.
-- If the dead worker ran a suspect, only the suspect is blamed; else all jobs that it held become suspects.
--   $1 bigint  the rescuing worker   $2 bigint[] claims   $3 bigint[] the worker that each was taken from
--   $4 int  most rescues of a job   $5 text  channel to notify   $6 text  channel to notify of ends, if somebody waits for any
-- Locks: the claims; of dedupe keys what nobody is at.   Index: claim_pkey, outcome_pkey, dedupe_job_idx.
with origin as (
  select * from unnest($2::bigint[], $3::bigint[]) as origin (token, worker_id)
),
gone as (
  delete from pgqueuer.claim as claim
  using origin
  where claim.id = origin.token and claim.worker_id = $1::bigint
  returning
    origin.worker_id, claim.entrypoint, claim.rescues, claim.job_ids, claim.seqs, claim.ranks, claim.attempts, claim.stop_ids
),
member as materialized (
  select
    gone.worker_id, gone.entrypoint, held.job_id, held.seq, held.rank, held.attempt,
    held.job_id = any (gone.stop_ids) as stopping,
    gone.rescues + case
      when gone.rescues > 0 or not exists (select from gone as other where other.worker_id = gone.worker_id and other.rescues > 0)
      then 1 else 0 end as rescues
  from gone
  cross join lateral unnest(gone.job_ids, gone.seqs, gone.ranks, gone.attempts) as held (job_id, seq, rank, attempt)
  where not exists (select from pgqueuer.outcome as outcome where outcome.job_id = held.job_id)
),
returned as (
  insert into pgqueuer.ready (entrypoint, rank, seq, job_id, attempt, rescues)
  select entrypoint, rank, seq, job_id, attempt, rescues from member where not stopping and rescues <= $4::int
),
canceled as (
  insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, rescues, worker_id, error)
  select job_id, entrypoint, 'canceled', attempt, rescues, worker_id, 'canceled while its worker was lost' from member where stopping
),
freed as (
  delete from pgqueuer.dedupe as dedupe
  where ctid = any (array(
    select ctid from pgqueuer.dedupe as dedupe where job_id = any (array(select job_id from member where stopping)) for update skip locked
  ))
),
held as (
  insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues, worker_id, error)
  select job_id, entrypoint, rank, attempt, rescues, worker_id, 'worker lost' from member where not stopping and rescues > $4::int
),
failed as (
  insert into pgqueuer.failure (job_id, attempt, worker_id, error)
  select job_id, attempt, worker_id, 'worker lost' from member where not stopping and rescues > $4::int
),
rolled as (
  insert into pgqueuer.rollup_entry (entrypoint, minute, canceled, failed, rescued)
  select
    entrypoint, date_trunc('minute', now()),
    nullif(count(*) filter (where stopping), 0),
    nullif(count(*) filter (where not stopping and rescues > $4::int), 0),
    nullif(count(*) filter (where not stopping and rescues <= $4::int), 0)
  from member
  group by entrypoint
),
told as materialized (
  select pg_notify($6::text, json_build_object('ended', json_agg(job_id::text))::text)
  from (
    select job_id, (row_number() over () - 1) / 300 as part
    from member
    where (stopping or rescues > $4::int)
      and exists (select from pgqueuer.watcher as watcher where seen_at > now() - interval '15 seconds')
  ) as ended_job
  group by part
)
select
  job_id::text as id, entrypoint, rescues, not stopping and rescues > $4::int as failed,
  case when row_number() over () = 1 then pg_notify($5::text, '{}') end as notified, (select count(*) from told) as told
from member;
