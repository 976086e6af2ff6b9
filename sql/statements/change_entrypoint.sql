-- change_entrypoint: set limits of an entrypoint by hand, give them back to the code, pause or resume it; and tell the workers.
--   $1 text entrypoint
--   $2 boolean whether the concurrency limit is set by hand, or null to leave it   $3 int that limit, or null for none
--   $4 boolean the same for the rate                                               $5 float8 starts a second, or null for no limit
--   $6 boolean paused, or null to leave it   $7 text channel
-- Locks: the entrypoint's row.   Index: entrypoint_pkey, gate_pkey.
with drawn as materialized (
  select nextval('pgqueuer.entrypoint_revision_seq') as revision, clock_timestamp() as changed_at
),
changed as (
  update pgqueuer.entrypoint as entrypoint
  set
    concurrency_limit_is_set = coalesce($2::boolean, concurrency_limit_is_set),
    set_concurrency_limit = case when $2::boolean is null then set_concurrency_limit else $3::int end,
    requests_per_second_is_set = coalesce($4::boolean, requests_per_second_is_set),
    set_requests_per_second = case when $4::boolean is null then set_requests_per_second else $5::float8 end,
    paused = coalesce($6::boolean, paused),
    revision = drawn.revision,
    changed_at = drawn.changed_at
  from drawn
  where name = $1::text
  returning
    name,
    case when concurrency_limit_is_set then set_concurrency_limit else code_concurrency_limit end is not null
      or case when requests_per_second_is_set then set_requests_per_second else code_requests_per_second end is not null as limited
),
gated as (
  insert into pgqueuer.gate (entrypoint) select name from changed where limited on conflict (entrypoint) do nothing
)
select pg_notify($7::text, '{"entrypoints":[],"rules":true}') as notified from changed;
