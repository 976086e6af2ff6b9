-- free_leases: the end of a rescue, and of a worker. Slots that were lent to workers that are gone are free again, once what they held has been
-- put back.
--   $1 text  channel to notify
-- Locks: the gates, in the order of their names; then the leases.   Index: gate_pkey, worker_alive_idx, claim_worker_idx; lease is read whole.
with candidate as materialized (
  select lease.id, lease.entrypoint
  from pgqueuer.lease as lease
  where not exists (select from pgqueuer.worker as worker where worker.id = lease.worker_id and worker.stopped_at is null)
    and not exists (
      select from pgqueuer.claim as claim where claim.worker_id = lease.worker_id and claim.entrypoint = lease.entrypoint
    )
),
locked as materialized (
  select entrypoint
  from pgqueuer.gate as gate
  where entrypoint in (select entrypoint from candidate)
  order by entrypoint
  for update
),
gone as (
  delete from pgqueuer.lease as lease
  where id in (select id from candidate) and (select count(*) from locked) >= 0
  returning entrypoint, slots
),
freed as materialized (
  select entrypoint, sum(slots)::int as slots from gone group by entrypoint
),
moved as (
  update pgqueuer.gate as gate set lent = gate.lent - freed.slots from freed where gate.entrypoint = freed.entrypoint
)
select
  entrypoint, slots,
  case when row_number() over () = 1 then pg_notify($1::text, '{"entrypoints":[],"freed":true}') end as notified
from freed;
