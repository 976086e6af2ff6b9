-- read_version: the newest migration that was applied, and the oldest code that it serves.
-- Locks: none.   Index: migration_pkey.
select version, serves from pgqueuer.migration as migration order by version desc limit 1;
