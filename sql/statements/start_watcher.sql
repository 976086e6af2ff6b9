-- start_watcher: make it known that this process waits for ends of jobs; answers with the watcher's id. Rows of watchers that died go.
-- Locks: dead watchers' rows, never waits.   Index: none, the table has a row for each waiting process.
with forgotten as (
  delete from pgqueuer.watcher as watcher
  where ctid = any (array(
    select ctid from pgqueuer.watcher as watcher where seen_at < now() - interval '1 minute' for update skip locked
  ))
)
insert into pgqueuer.watcher (seen_at) values (clock_timestamp()) returning id::text as id;
