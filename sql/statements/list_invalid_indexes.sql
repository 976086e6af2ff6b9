-- list_invalid_indexes: indexes of our tables that PostgreSQL does not use, because building them was broken off.
--   $1 text    schema
--   $2 text[]  names of tables
-- Locks: none.   Reads catalogs only.
select class.relname::text as name
from pg_catalog.pg_index as index
join pg_catalog.pg_class as class on class.oid = index.indexrelid
join pg_catalog.pg_class as owner on owner.oid = index.indrelid
join pg_catalog.pg_namespace as space on space.oid = owner.relnamespace
where space.nspname = $1::text and owner.relname = any ($2::text[]) and not (index.indisvalid and index.indisready)
order by class.relname;
