-- read_server: the server's version, clock and settings, and what of it this user may see.
-- Locks: none.   Reads catalogs only.
select
  current_setting('server_version') as version,
  current_setting('server_version_num')::int as version_number,
  current_user::text as user_name,
  current_database()::text as database,
  clock_timestamp() as time,
  (pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean) as read_only,
  pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees_sessions,
  (select count(*)::int from pg_catalog.pg_stat_activity where datid is not null) as connections,
  (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int) as most_connections,
  pg_notification_queue_usage()::float8 as notification_queue,
  (
    select json_object_agg(name, reset_val)::text
    from pg_catalog.pg_settings
    where name in (
      'fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'track_counts', 'zero_damaged_pages', 'ignore_checksum_failure',
      'autovacuum_freeze_max_age', 'autovacuum_multixact_freeze_max_age', 'autovacuum_vacuum_threshold',
      'autovacuum_vacuum_scale_factor', 'autovacuum_naptime', 'default_transaction_isolation', 'statement_timeout'
    )
  ) as settings,
  (
    select coalesce(json_agg(json_build_object('role', role.rolname, 'database', database.datname, 'setting', setting)), '[]')::text
    from pg_catalog.pg_db_role_setting as override
    cross join lateral unnest(override.setconfig) as setting
    left join pg_catalog.pg_roles as role on role.oid = override.setrole
    left join pg_catalog.pg_database as database on database.oid = override.setdatabase
    where (override.setdatabase = 0 or database.datname = current_database())
      and (
        setting ilike 'synchronous_commit=off' or setting ilike 'zero_damaged_pages=on'
        or setting ilike 'default_transaction_isolation=%'
      )
  ) as overrides;
