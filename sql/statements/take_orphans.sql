-- take_orphans: the second step of a rescue. Claims without a living worker, also those that were being made while it was marked, change
-- hands: from here on their old worker can record nothing.
--   $1 bigint  the rescuing worker
-- Locks: the claims, never waits; a claim that a transaction of its worker's still looks at is left for the next time.
-- Index: claim_pkey, worker_alive_idx.
with orphan as materialized (
  select claim.id, claim.worker_id as lost_worker_id
  from pgqueuer.claim as claim
  where not exists (select from pgqueuer.worker as worker where worker.id = claim.worker_id and worker.stopped_at is null)
  order by claim.id
  limit 1000
  for update skip locked
)
update pgqueuer.claim as claim
set worker_id = $1::bigint
from orphan
where claim.id = orphan.id
returning claim.id::text as token, orphan.lost_worker_id::text as lost_worker_id;
