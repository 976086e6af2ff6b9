-- find_claims: what the database thinks that a worker holds.
--   $1 bigint worker
-- Locks: none.   Index: claim_worker_idx.
select id::text as token, entrypoint, job_ids from pgqueuer.claim as claim where worker_id = $1::bigint order by id;
