-- renew_leases: give all leases of a worker new ids. It waits for claims under the old ones that are still being made; those that come later
-- take nothing. After an exchange without a reply, what the worker holds can then be counted for certain.
--   $1 bigint worker
-- Locks: the leases, against claims under them.   Index: lease_entrypoint_worker_id_key does not serve it: lease is read whole.
with fresh as materialized (
  select id, nextval('pgqueuer.lease_id_seq') as fresh_id
  from pgqueuer.lease as lease
  where worker_id = $1::bigint
)
update pgqueuer.lease as lease
set id = fresh.fresh_id
from fresh
where lease.id = fresh.id
returning lease.id::text as lease, lease.entrypoint;
