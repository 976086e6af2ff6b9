-- list_limits: what limits entrypoints, and how much of it is used: of all that have settings, jobs in hand or a running worker, or of one.
--   $1 text entrypoint, or null for all
-- Locks: none.   Index: entrypoint_pkey, gate_pkey, worker_alive_idx, ready_pkey. Reads claim whole; and for an entrypoint that no worker
-- has a handler for, and that has no job in line, also deferred and held.
with listed as materialized (
  select $1::text collate "C" as name where $1::text is not null
  union
  select name from pgqueuer.entrypoint as entrypoint where $1::text is null
  union
  select entrypoint from pgqueuer.claim as claim where $1::text is null
  union
  select unnest(entrypoints) collate "C" from pgqueuer.worker as worker where $1::text is null and stopped_at is null
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
  (
    select coalesce(sum(cardinality(job_ids)), 0)::int from pgqueuer.claim as claim where claim.entrypoint = listed.name
  ) as in_use,
  coalesce(gate.lent, 0) as lent,
  (
    select count(*)::int from pgqueuer.worker as worker where stopped_at is null and listed.name = any (entrypoints)
  ) as workers,
  (
    exists (select from pgqueuer.worker as worker where listed.name = any (entrypoints))
    or exists (select from pgqueuer.ready as ready where ready.entrypoint = listed.name)
    or exists (select from pgqueuer.claim as claim where claim.entrypoint = listed.name)
    or exists (select from pgqueuer.held as held where held.entrypoint = listed.name)
    or exists (select from pgqueuer.deferred as deferred where deferred.entrypoint = listed.name)
  ) as known
from listed
left join pgqueuer.entrypoint as entrypoint on entrypoint.name = listed.name
left join pgqueuer.gate as gate on gate.entrypoint = listed.name
order by listed.name;
