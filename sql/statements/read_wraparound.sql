-- read_wraparound: how far the oldest transaction and multixact of this database are behind the newest, and how many a day there are
-- at most: every commit and rollback since the counts were reset, also of those that read.
-- Locks: none.   Reads catalogs only.
select
  database.datname::text as database,
  age(database.datfrozenxid) as age,
  mxid_age(database.datminmxid) as multixact_age,
  (
    select sum(
      (xact_commit + xact_rollback) * 86400.0
      / greatest(60, extract(epoch from clock_timestamp() - coalesce(stats_reset, pg_postmaster_start_time())))
    )::float8
    from pg_catalog.pg_stat_database
  ) as transactions_per_day
from pg_catalog.pg_database as database
where database.datname = current_database();
