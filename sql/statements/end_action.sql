-- end_action: what came of an action.
--   $1 bigint id   $2 boolean whether it was done   $3 text in words
-- Locks: the row.   Index: audit_pkey.
update pgqueuer.audit as audit
set done = $2::boolean, result = $3::text, finished_at = clock_timestamp()
where id = $1::bigint;
