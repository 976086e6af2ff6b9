-- describe_jobs: jobs by id for a list: of what is long only the beginning, or that it is there.
--   $1 bigint[] jobs   $2 int payloads up to so many bytes, as they are stored
-- Locks: none.   Index: job_pkey, outcome_pkey, held_pkey, deferred_pkey, ready_pkey (a fresh job's seq is its id), ready_moved_idx; claim is
-- read whole, which is as long as what all workers hold.
--
-- Not by the view job_status: the plan of its joins, made while the tables were empty, would read the whole backlog for each job. An offset
-- of nothing keeps a place from becoming such a join.
with target as materialized (
  select
    job.id, job.entrypoint, job.priority, job.created_at, job.headers::text as headers,
    case when pg_column_size(job.payload) <= $2::int then job.payload::text end as payload,
    pg_column_size(job.payload) as payload_bytes, octet_length(job.payload_bytes) as bytes
  from pgqueuer.job as job
  where job.id = any ($1::bigint[])
),
claimed as materialized (
  select member.job_id, member.rank, member.attempt, claim.worker_id, claim.claimed_at
  from pgqueuer.claim as claim
  cross join lateral unnest(claim.job_ids, claim.ranks, claim.attempts) as member (job_id, rank, attempt)
  where member.job_id = any ($1::bigint[])
),
on_hold as materialized (
  select held.job_id, held.rank, held.attempt, held.held_at, held.worker_id, held.error
  from pgqueuer.held as held
  where held.job_id = any ($1::bigint[])
)
select
  target.id::text as id, target.entrypoint,
  case
    when outcome.status is not null then outcome.status
    when claimed.job_id is not null then 'picked'
    when held.rank is not null then 'failed'
    when deferred.rank is not null then 'deferred'
    when ready.rank is not null then 'queued'
  end as status,
  ~coalesce(claimed.rank, held.rank, deferred.rank, ready.rank, ~target.priority) as priority,
  coalesce(outcome.attempt, claimed.attempt, held.attempt, deferred.attempt, ready.attempt) as attempt,
  target.created_at,
  coalesce(outcome.started_at, claimed.claimed_at) as started_at,
  coalesce(outcome.finished_at, held.held_at) as finished_at,
  coalesce(outcome.worker_id, claimed.worker_id, held.worker_id)::text as worker_id,
  left(coalesce(outcome.error, held.error), 2000) as error,
  target.headers, target.payload, target.payload_bytes, target.bytes
from target
left join claimed on claimed.job_id = target.id
left join lateral (
  select outcome.status, outcome.attempt, outcome.started_at, outcome.finished_at, outcome.worker_id, outcome.error
  from pgqueuer.outcome as outcome
  where outcome.job_id = target.id
  offset 0
) as outcome on true
left join on_hold as held on held.job_id = target.id
left join lateral (
  select deferred.rank, deferred.attempt from pgqueuer.deferred as deferred where deferred.job_id = target.id offset 0
) as deferred on true
left join lateral (
  select fresh.rank, fresh.attempt
  from pgqueuer.ready as fresh
  where fresh.entrypoint = target.entrypoint and fresh.rank = ~target.priority and fresh.seq = target.id and fresh.job_id = target.id
  union all
  select moved.rank, moved.attempt from pgqueuer.ready as moved where moved.job_id = target.id and moved.seq <> moved.job_id
  offset 0
) as ready on true
order by target.id;
