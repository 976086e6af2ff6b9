-- register_schedules: write down what a worker's code says of its schedules; the newest start wins. What is paused stays paused, and where
-- neither the expression nor the time zone is another the next tick stays, so that what was missed is known.
--   $1 text[] names   $2 text[] expressions   $3 text[] time zones   $4 text[] missed   $5 text[] overlap   $6 float8[] ms of jitter
--   $7 text[] entrypoints, null for those that run a handler   $8 int[] priorities   $9 json[] payloads   $10 bytea[] payloads   $11 json[] headers
--   $12 int[] most attempts   $13 float8[] ms that a run may take   $14 float8[] ms until a job expires
--   $15 timestamptz[] first ticks   $16 text channel to notify when something has changed
-- Answers with the entries that are new or were others before.
-- Locks: the rows of all names, in order.   Index: schedule_pkey.
with input as materialized (
  select *
  from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::text[], $8::int[], $9::json[], $10::bytea[], $11::json[],
    $12::int[], $13::float8[], $14::float8[], $15::timestamptz[]
  ) as input (
    name, expression, timezone, missed, overlap, jitter_ms, entrypoint, priority, payload, payload_bytes, headers,
    max_attempts, timeout_ms, expire_ms, next_run
  )
),
known as materialized (
  select
    name, expression, timezone, missed, overlap, jitter_ms, entrypoint, priority, payload::text as payload, payload_bytes,
    headers::text as headers, max_attempts, timeout_ms, expire_ms, next_run
  from pgqueuer.schedule as schedule
  where name = any ($1::text[])
  order by name
  for update
),
changed as materialized (
  select
    input.*, known.name is not null as was_known, known.expression as old_expression, known.timezone as old_timezone,
    case when (known.expression, known.timezone) is not distinct from (input.expression, input.timezone) then known.next_run
      else input.next_run end as new_next_run,
    nextval('pgqueuer.schedule_revision_seq') as revision, clock_timestamp() as now
  from input
  left join known on known.name = input.name
  where (
    known.expression, known.timezone, known.missed, known.overlap, known.jitter_ms, known.entrypoint, known.priority, known.payload,
    known.payload_bytes, known.headers, known.max_attempts, known.timeout_ms, known.expire_ms
  ) is distinct from (
    input.expression, input.timezone, input.missed, input.overlap, input.jitter_ms, input.entrypoint, input.priority, input.payload::text,
    input.payload_bytes, input.headers::text, input.max_attempts, input.timeout_ms, input.expire_ms
  )
),
updated as (
  update pgqueuer.schedule as schedule
  set
    expression = changed.expression, timezone = changed.timezone, missed = changed.missed, overlap = changed.overlap,
    jitter_ms = changed.jitter_ms, entrypoint = changed.entrypoint, priority = changed.priority, payload = changed.payload,
    payload_bytes = changed.payload_bytes, headers = changed.headers, max_attempts = changed.max_attempts,
    timeout_ms = changed.timeout_ms, expire_ms = changed.expire_ms, next_run = changed.new_next_run, revision = changed.revision,
    changed_at = changed.now
  from changed
  where schedule.name = changed.name and changed.was_known
),
inserted as (
  insert into pgqueuer.schedule (
    name, expression, timezone, missed, overlap, jitter_ms, entrypoint, priority, payload, payload_bytes, headers,
    max_attempts, timeout_ms, expire_ms, next_run, revision
  )
  select
    name, expression, timezone, missed, overlap, jitter_ms, entrypoint, priority, payload, payload_bytes, headers,
    max_attempts, timeout_ms, expire_ms, next_run, revision
  from changed
  where not was_known
  order by name
  on conflict (name) do update set
    expression = excluded.expression, timezone = excluded.timezone, missed = excluded.missed, overlap = excluded.overlap,
    jitter_ms = excluded.jitter_ms, entrypoint = excluded.entrypoint, priority = excluded.priority, payload = excluded.payload,
    payload_bytes = excluded.payload_bytes, headers = excluded.headers, max_attempts = excluded.max_attempts,
    timeout_ms = excluded.timeout_ms, expire_ms = excluded.expire_ms, revision = excluded.revision
)
select
  name, was_known, old_expression, old_timezone,
  case when row_number() over () = 1 then pg_notify($16::text, '{"entrypoints":[],"schedules":true}') end as notified
from changed;
