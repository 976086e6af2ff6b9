-- list_transactions: who has a transaction open or keeps rows from being removed: sessions of this database, and of others when
-- they write; prepared transactions; replication slots; standbys with feedback.
-- Locks: none.   Reads catalogs only.
select
  'session' as kind, null::text as name, pid, usename::text as user_name, application_name as application,
  case when client_port = -1 then 'local' else host(client_addr) end as client, datname::text as database, state,
  xact_start as since, (extract(epoch from clock_timestamp() - xact_start) * 1000)::float8 as open_ms,
  case when state like 'idle%' then (extract(epoch from clock_timestamp() - state_change) * 1000)::float8 end as idle_ms,
  greatest(age(backend_xid), age(backend_xmin)) as age
from pg_catalog.pg_stat_activity
where pid <> pg_backend_pid()
  and datid is not null
  and coalesce(backend_type, '') not in ('autovacuum worker', 'walsender')
  and (xact_start is not null or backend_xid is not null or backend_xmin is not null)
  and (datname = current_database() or backend_xid is not null)
  and pid not in (select pid from pg_catalog.pg_stat_progress_vacuum)
  and pid not in (select pid from pg_catalog.pg_stat_replication)
union all
select
  'prepared', gid, null, owner::text, null, null, database::text, null, prepared,
  (extract(epoch from clock_timestamp() - prepared) * 1000)::float8, null, age(transaction)
from pg_catalog.pg_prepared_xacts
union all
select
  'slot', slot_name::text, active_pid, null, null, null, database::text, case when active then 'active' else 'inactive' end,
  null, null, null, age(xmin)
from pg_catalog.pg_replication_slots
where xmin is not null
union all
select
  'standby', null, pid, usename::text, application_name, coalesce(host(client_addr), 'local'), null, state,
  null, null, null, age(backend_xmin)
from pg_catalog.pg_stat_replication
where backend_xmin is not null;
