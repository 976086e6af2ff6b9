-- register_entrypoints: write down what a worker's code says about the limits of its entrypoints; the newest start wins.
--   $1 text[] entrypoints   $2 int[] concurrency limits   $3 float8[] requests per second   (null: none)
--   $4 text  channel to notify when something has changed
-- Answers with those whose row said something else, and what it said.
-- Locks: the rows that change.   Index: entrypoint_pkey, gate_pkey.
with input as materialized (
  select * from unnest($1::text[], $2::int[], $3::float8[]) as input (name, concurrency_limit, requests_per_second)
),
known as materialized (
  select name, code_concurrency_limit, code_requests_per_second
  from pgqueuer.entrypoint as entrypoint
  where name = any ($1::text[])
  order by name
  for update
),
changed as materialized (
  select
    input.name, input.concurrency_limit, input.requests_per_second, known.name is not null as was_known,
    known.code_concurrency_limit, known.code_requests_per_second, nextval('pgqueuer.entrypoint_revision_seq') as revision
  from input
  left join known on known.name = input.name
  where known.code_concurrency_limit is distinct from input.concurrency_limit
    or known.code_requests_per_second is distinct from input.requests_per_second
),
updated as (
  update pgqueuer.entrypoint as entrypoint
  set
    code_concurrency_limit = changed.concurrency_limit, code_requests_per_second = changed.requests_per_second,
    revision = changed.revision
  from changed
  where entrypoint.name = changed.name and changed.was_known
),
inserted as (
  insert into pgqueuer.entrypoint (name, code_concurrency_limit, code_requests_per_second, revision)
  select name, concurrency_limit, requests_per_second, revision from changed where not was_known order by name
  on conflict (name) do update set
    code_concurrency_limit = excluded.code_concurrency_limit, code_requests_per_second = excluded.code_requests_per_second,
    revision = excluded.revision
),
gated as (
  insert into pgqueuer.gate (entrypoint)
  select name from input where concurrency_limit is not null or requests_per_second is not null order by name
  on conflict (entrypoint) do nothing
)
select
  name as entrypoint, was_known, code_concurrency_limit as concurrency_limit, code_requests_per_second as requests_per_second,
  case when row_number() over () = 1 then pg_notify($4::text, '{"entrypoints":[],"rules":true}') end as notified
from changed;
