-- list_rights: which of these rights the present user has; null where there is no such object.
--   $1 text    schema
--   $2 text[]  kind of object: schema, table, sequence
--   $3 text[]  its name
--   $4 text[]  right
--   $5 text[]  column, or null for the whole table
-- Locks: none.   Reads catalogs only.
select
  case
    when asked.kind = 'schema' then has_schema_privilege(space.oid, asked.privilege)
    when class.oid is null then null
    when asked.kind = 'sequence' then has_sequence_privilege(class.oid, asked.privilege)
    when asked.column_name is null then has_table_privilege(class.oid, asked.privilege)
    else has_column_privilege(class.oid, attribute.attnum, asked.privilege)
  end as held
from unnest($2::text[], $3::text[], $4::text[], $5::text[])
  with ordinality as asked (kind, object_name, privilege, column_name, place)
left join pg_catalog.pg_namespace as space on space.nspname = $1::text
left join pg_catalog.pg_class as class
  on asked.kind <> 'schema' and class.relnamespace = space.oid and class.relname = asked.object_name
left join pg_catalog.pg_attribute as attribute
  on attribute.attrelid = class.oid and attribute.attname = asked.column_name and not attribute.attisdropped
order by asked.place;
