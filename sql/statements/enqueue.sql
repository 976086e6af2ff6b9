-- enqueue: write jobs, each into ready or deferred; answers with their ids in the order of the input.
--   $1 text[] entrypoints   $2 int[] priorities   $3 json[] payloads   $4 bytea[] payloads   $5 json[] headers
--   $6 float8[] ms to wait   $7 timestamptz[] times to wait for   (an array may be shorter than $1: the rest is null)
--   $8 text  channel to notify, or null   $9 json  entrypoints for the notification, or null: it says only "look everywhere"
-- Locks: none.   Index: those of job, ready and deferred grow.
with moment as materialized (
  select clock_timestamp() as now
),
input as (
  select
    given.entrypoint, coalesce(given.priority, 0) as priority, given.payload, given.payload_bytes, given.headers,
    coalesce(given.execute_after, moment.now + given.delay_ms * interval '1 millisecond') as execute_after,
    moment.now
  from unnest($1::text[], $2::int[], $3::json[], $4::bytea[], $5::json[], $6::float8[], $7::timestamptz[])
    as given (entrypoint, priority, payload, payload_bytes, headers, delay_ms, execute_after)
  cross join moment
),
written as (
  insert into pgqueuer.job (entrypoint, priority, payload, payload_bytes, headers, execute_after, created_at)
  select entrypoint, priority, payload, payload_bytes, headers, case when execute_after > now then execute_after end, now
  from input
  returning id, entrypoint, ~priority as rank, execute_after
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
  case when $8::text is not null then pg_notify($8::text, case
    when $9::json is null then '{}'
    else json_build_object('entrypoints', $9::json, 'seq', seq, 'due', due)::text
  end) end as notified
from summary;
