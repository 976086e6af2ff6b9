-- explain_job: all that decides whether a job runs: where it stands, what is ahead of it, what limits it, and who could run it.
--   $1 bigint job   $2 int count at most so many of those ahead
-- Times are in ms from now, by the database's clock.
-- Locks: none.   Index: job_pkey and the place tables' own, ready_pkey. Reads claim and worker whole.
with target as materialized (
  select id, entrypoint, priority, expire_at from pgqueuer.job as job where id = $1::bigint
),
place as materialized (
  select ready.rank, ready.seq, ready.rescues
  from target
  cross join lateral (
    select fresh.rank, fresh.seq, fresh.rescues
    from pgqueuer.ready as fresh
    where fresh.entrypoint = target.entrypoint and fresh.rank = ~target.priority and fresh.seq = target.id and fresh.job_id = target.id
    union all
    select moved.rank, moved.seq, moved.rescues from pgqueuer.ready as moved where moved.job_id = target.id and moved.seq <> moved.job_id
  ) as ready
),
ahead as materialized (
  select before.rank < place.rank as higher
  from target
  cross join place
  cross join lateral (
    select ready.rank
    from pgqueuer.ready as ready
    where ready.entrypoint = target.entrypoint and (ready.rank, ready.seq) < (place.rank, place.seq)
    order by ready.rank, ready.seq
    limit $2::int
  ) as before
),
claimed as materialized (
  select claim.worker_id, claim.entrypoint, claim.job_ids, claim.stop_ids, claim.claimed_at
  from pgqueuer.claim as claim
  join target on target.entrypoint = claim.entrypoint
),
member as materialized (
  select
    worker.id, worker.host, worker.pid, worker.stopped_at, worker.lost,
    greatest(0, extract(epoch from clock_timestamp() - worker.heartbeat_at) * 1000)::float8 as silent_ms,
    worker.heartbeat_timeout_ms,
    (select coalesce(sum(cardinality(job_ids)), 0)::int from claimed where claimed.worker_id = worker.id) as holds
  from pgqueuer.worker as worker
  join target on target.entrypoint = any (worker.entrypoints)
)
select
  target.entrypoint, status.status, status.attempt, status.error, status.finished_at,
  (
    select (extract(epoch from deferred.run_at - clock_timestamp()) * 1000)::float8 from pgqueuer.deferred as deferred where job_id = target.id
  ) as due_in_ms,
  (extract(epoch from target.expire_at - clock_timestamp()) * 1000)::float8 as expires_in_ms,
  place.rescues,
  (select count(*)::int from ahead) as ahead,
  (select count(*)::int from ahead where higher) as higher,
  coalesce(entrypoint.paused, false) as paused,
  case when entrypoint.concurrency_limit_is_set then entrypoint.set_concurrency_limit else entrypoint.code_concurrency_limit end as slots,
  case when entrypoint.requests_per_second_is_set then entrypoint.set_requests_per_second else entrypoint.code_requests_per_second end as rate,
  (
    select (extract(epoch from gate.next_start_at - clock_timestamp()) * 1000)::float8
    from pgqueuer.gate as gate
    where gate.entrypoint = target.entrypoint and gate.next_start_at > clock_timestamp()
  ) as next_start_in_ms,
  (
    select json_build_object(
      'worker', claimed.worker_id::text, 'host', worker.host, 'pid', worker.pid, 'sinceMs',
      extract(epoch from clock_timestamp() - claimed.claimed_at) * 1000,
      'silentMs', extract(epoch from clock_timestamp() - worker.heartbeat_at) * 1000,
      'timeoutMs', worker.heartbeat_timeout_ms, 'ended', worker.id is null or worker.stopped_at is not null,
      'stopping', target.id = any (claimed.stop_ids)
    )::text
    from claimed
    left join pgqueuer.worker as worker on worker.id = claimed.worker_id
    where target.id = any (claimed.job_ids)
    limit 1
  ) as claim,
  (
    select json_agg(json_build_object(
      'worker', id::text, 'host', host, 'pid', pid, 'silentMs', silent_ms, 'timeoutMs', heartbeat_timeout_ms, 'holds', holds
    ) order by id)::text
    from member
    where stopped_at is null
  ) as workers,
  (
    select json_agg(json_build_object('worker', id::text, 'host', host, 'pid', pid, 'stoppedAt', stopped_at, 'lost', lost))::text
    from (select id, host, pid, stopped_at, lost from member where stopped_at is not null order by stopped_at desc limit 3) as past
  ) as past_workers,
  (
    select json_agg(json_build_object('worker', worker_id::text, 'holds', holds) order by worker_id)::text
    from (select worker_id, sum(cardinality(job_ids))::int as holds from claimed group by worker_id) as holder
  ) as holders
from target
join pgqueuer.job_status as status on status.job_id = $1::bigint
left join place on true
left join pgqueuer.entrypoint as entrypoint on entrypoint.name = target.entrypoint;
