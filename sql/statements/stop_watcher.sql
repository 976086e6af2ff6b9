-- stop_watcher: this process waits for nothing any more.
--   $1 bigint watcher
-- Locks: the watcher's row.   Index: watcher_pkey.
delete from pgqueuer.watcher as watcher where id = $1::bigint;
