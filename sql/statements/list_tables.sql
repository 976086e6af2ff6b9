-- list_tables: our tables as the catalog and the statistics show them. Counts are the statistics' estimates.
--   $1 text    schema
--   $2 text[]  names
-- Locks: access share on each for a moment, for its size.   Reads catalogs only.
select
  class.relname::text as name,
  class.relpersistence = 'u' as unlogged,
  exists (select from pg_catalog.pg_index where indrelid = class.oid and indisprimary) as has_primary_key,
  coalesce(class.reloptions, '{}') as options,
  obj_description(class.oid, 'pg_class') as comment,
  pg_table_size(class.oid)::float8 as table_bytes,
  pg_indexes_size(class.oid)::float8 as index_bytes,
  coalesce(statistic.n_live_tup, 0)::float8 as live_rows,
  coalesce(statistic.n_dead_tup, 0)::float8 as dead_rows,
  greatest(statistic.last_vacuum, statistic.last_autovacuum) as vacuumed_at,
  greatest(statistic.last_analyze, statistic.last_autoanalyze) as analyzed_at,
  age(class.relfrozenxid) as frozen_age
from pg_catalog.pg_class as class
join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
left join pg_catalog.pg_stat_all_tables as statistic on statistic.relid = class.oid
where space.nspname = $1::text and class.relname = any ($2::text[]) and class.relkind = 'r'
order by class.relname;
