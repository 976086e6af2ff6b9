-- ensure_entrypoint: make a row for what is set by hand, as change_entrypoint expects it. A row that says nothing changes nothing.
--   $1 text entrypoint
-- Locks: none that anybody waits for.   Index: entrypoint_pkey.
insert into pgqueuer.entrypoint (name) values ($1::text) on conflict (name) do nothing;
