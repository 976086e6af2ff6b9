-- note_action: how far an action is that is under way.
--   $1 bigint id   $2 text in words
-- Locks: the row.   Index: audit_pkey.
update pgqueuer.audit as audit
set result = $2::text
where id = $1::bigint;
