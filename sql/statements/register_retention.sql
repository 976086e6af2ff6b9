-- register_retention: what the code of a worker says about how long ends are kept, for each of its entrypoints.
--   $1 text[] entrypoints   $2 json[] ages in ms by status, null where the code says nothing
-- Locks: the changed rows, in order.   Index: entrypoint_pkey.
with said as materialized (
  select name, retention from unnest($1::text[], $2::json[]) as said (name, retention)
),
locked as materialized (
  select entrypoint.name, said.retention
  from pgqueuer.entrypoint as entrypoint
  join said on said.name = entrypoint.name
  where entrypoint.retention::text is distinct from said.retention::text
  order by entrypoint.name
  for no key update of entrypoint
),
changed as (
  update pgqueuer.entrypoint as entrypoint
  set retention = locked.retention
  from locked
  where entrypoint.name = locked.name
)
insert into pgqueuer.entrypoint (name, retention)
select name, retention from said where retention is not null order by name
on conflict (name) do nothing;
