-- enqueue: write jobs, each into ready or deferred; answers with their ids in the order of the input.
--   $1 text[] entrypoints   $2 int[] priorities   $3 json[] payloads   $4 bytea[] payloads   $5 json[] headers
--   $6 float8[] ms to wait   $7 timestamptz[] times to wait for
--   $8 int[] most attempts   $9 float8[] ms that a run may take   $10 float8[] ms until it expires   $11 timestamptz[] times when it expires
--   (an array may be shorter than $1: the rest is null)
--   $12 text  channel to notify, or null   $13 json  entrypoints for the notification, or null: it says only "look everywhere"
-- Locks: none.   Index: those of job, ready, deferred and expiry grow.
with moment as materialized (
  select clock_timestamp() as now
),
input as (
  select
    given.entrypoint, coalesce(given.priority, 0) as priority, given.payload, given.payload_bytes, given.headers,
    coalesce(given.execute_after, moment.now + given.delay_ms * interval '1 millisecond') as execute_after,
    given.max_attempts, given.timeout_ms, coalesce(given.expire_at, moment.now + given.expire_ms * interval '1 millisecond') as expire_at,
    moment.now
  from unnest(
    $1::text[], $2::int[], $3::json[], $4::bytea[], $5::json[], $6::float8[], $7::timestamptz[],
    $8::int[], $9::float8[], $10::float8[], $11::timestamptz[]
  )
    as given (
      entrypoint, priority, payload, payload_bytes, headers, delay_ms, execute_after, max_attempts, timeout_ms, expire_ms, expire_at
    )
  cross join moment
),
written as (
  insert into pgqueuer.job (
    entrypoint, priority, payload, payload_bytes, headers, execute_after, created_at, max_attempts, timeout_ms, expire_at
  )
  select
    entrypoint, priority, payload, payload_bytes, headers, case when execute_after > now then execute_after end, now,
    max_attempts, timeout_ms, expire_at
  from input
  returning id, entrypoint, ~priority as rank, execute_after, expire_at
),
expiring as (
  insert into pgqueuer.expiry (job_id, expire_at) select id, expire_at from written where expire_at is not null
),
waiting as (
  insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at)
  select id, entrypoint, rank, execute_after from written where execute_after is not null
),
standing as (
  insert into pgqueuer.ready (entrypoint, rank, seq, job_id)
  select entrypoint, rank, id, id from written where execute_after is null
),
summary as (
  select
    array_to_string(array_agg(id order by id), ',') as ids,
    min(id) filter (where execute_after is null)::text as seq,
    (extract(epoch from min(execute_after)) * 1000)::float8 as due
  from written
)
select
  ids, seq, due,
  case when $12::text is not null then pg_notify($12::text, case
    when $13::json is null then '{}'
    else json_build_object('entrypoints', $13::json, 'seq', seq, 'due', due)::text
  end) end as notified
from summary;
