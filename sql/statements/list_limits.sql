-- list_limits: what limits entrypoints, and how much of it is used: of all that have settings, jobs in hand or a running worker, or of one.
--   $1 text entrypoint, or null for all
-- Locks: none.   Index: entrypoint_pkey, gate_pkey, worker_alive_idx, ready_pkey. Reads claim whole; and for an entrypoint that no running
-- worker has a handler for, and that has no job in line or in hand, also worker, deferred and held.
--
-- What holds for all entrypoints together is read once: ten thousand of them, looked for one by one in the workers' lists, took 15 s.
with handled as materialized (
  select handler.name collate "C" as name, count(*)::int as workers
  from pgqueuer.worker as worker
  cross join lateral unnest(worker.entrypoints) as handler (name)
  where worker.stopped_at is null and ($1::text is null or handler.name = $1::text)
  group by handler.name
),
in_hand as materialized (
  select claim.entrypoint, sum(cardinality(claim.job_ids))::int as jobs
  from pgqueuer.claim as claim
  where $1::text is null or claim.entrypoint = $1::text
  group by claim.entrypoint
),
past as materialized (
  select distinct handler.name collate "C" as name
  from pgqueuer.worker as worker
  cross join lateral unnest(worker.entrypoints) as handler (name)
  where $1::text is null or handler.name = $1::text
),
listed as materialized (
  select $1::text collate "C" as name where $1::text is not null
  union
  select name from pgqueuer.entrypoint as entrypoint where $1::text is null
  union
  select entrypoint from in_hand where $1::text is null
  union
  select name from handled where $1::text is null
)
select
  listed.name as entrypoint,
  entrypoint.code_concurrency_limit,
  coalesce(entrypoint.concurrency_limit_is_set, false) as concurrency_limit_is_set,
  entrypoint.set_concurrency_limit,
  entrypoint.code_requests_per_second,
  coalesce(entrypoint.requests_per_second_is_set, false) as requests_per_second_is_set,
  entrypoint.set_requests_per_second,
  coalesce(entrypoint.paused, false) as paused,
  coalesce(in_hand.jobs, 0) as in_use,
  coalesce(gate.lent, 0) as lent,
  coalesce(handled.workers, 0) as workers,
  case
    when handled.workers is not null or in_hand.jobs is not null then true
    when exists (select from pgqueuer.ready as ready where ready.entrypoint = listed.name) then true
    else (
      listed.name in (select name from past)
      or exists (select from pgqueuer.held as held where held.entrypoint = listed.name)
      or exists (select from pgqueuer.deferred as deferred where deferred.entrypoint = listed.name)
    )
  end as known
from listed
left join handled on handled.name = listed.name
left join in_hand on in_hand.entrypoint = listed.name
left join pgqueuer.entrypoint as entrypoint on entrypoint.name = listed.name
left join pgqueuer.gate as gate on gate.entrypoint = listed.name
order by listed.name;
