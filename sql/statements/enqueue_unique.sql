-- enqueue_unique: write those of the jobs whose dedupe keys are free; answers with an id for each job, in order, and with those that were refused.
--   $1 to $13  as for enqueue   $14 text[] dedupe keys   $15 bigint[] ids; where there is none, one is drawn
-- No key may be there twice. A key is free without a row, or when the row's job has ended or is gone; such a row is taken over.
-- Locks: the rows of all keys, in order, also of those that are refused; waits for who is writing the same key.
-- Index: dedupe_pkey, outcome_pkey, job_pkey; those of job, ready, deferred, expiry and dedupe grow.
--
-- Whoever had to wait for a key sees the newest row of it, but of the other tables what was there before. So a job that cannot be seen
-- is gone only if the row that names it could be seen from the start: they were written together.
-- An exists here could be answered by a hash of the whole table, which is right for an empty one and a disaster later: hence the comparisons.
with moment as materialized (
  select clock_timestamp() as now
),
input as materialized (
  select
    coalesce(given.id, nextval('pgqueuer.job_id_seq')) as id,
    given.entrypoint, coalesce(given.priority, 0) as priority, given.payload, given.payload_bytes, given.headers,
    coalesce(given.execute_after, moment.now + given.delay_ms * interval '1 millisecond') as execute_after,
    given.max_attempts, given.timeout_ms, coalesce(given.expire_at, moment.now + given.expire_ms * interval '1 millisecond') as expire_at,
    given.key, given.position, moment.now
  from unnest(
    $1::text[], $2::int[], $3::json[], $4::bytea[], $5::json[], $6::float8[], $7::timestamptz[],
    $8::int[], $9::float8[], $10::float8[], $11::timestamptz[], $14::text[], $15::bigint[]
  ) with ordinality
    as given (
      entrypoint, priority, payload, payload_bytes, headers, delay_ms, execute_after, max_attempts, timeout_ms, expire_ms, expire_at,
      key, id, position
    )
  cross join moment
),
acquired as (
  insert into pgqueuer.dedupe as dedupe (entrypoint, key, job_id)
  select entrypoint, key, id from input where key is not null order by entrypoint collate "C", key collate "C"
  on conflict (entrypoint, key) do update set job_id = excluded.job_id
  where (select outcome.job_id from pgqueuer.outcome as outcome where outcome.job_id = dedupe.job_id) is not null
    or (
      (select job.id from pgqueuer.job as job where job.id = dedupe.job_id) is null
      and (
        select seen.job_id from pgqueuer.dedupe as seen where seen.entrypoint = dedupe.entrypoint and seen.key = dedupe.key
      ) = dedupe.job_id
    )
  returning job_id
),
admitted as materialized (
  select input.*, input.key is null or input.id in (select job_id from acquired) as is_written from input
),
written as (
  insert into pgqueuer.job (
    id, entrypoint, priority, payload, payload_bytes, headers, execute_after, created_at, max_attempts, timeout_ms, expire_at, dedupe_key
  )
  select
    id, entrypoint, priority, payload, payload_bytes, headers, case when execute_after > now then execute_after end, now,
    max_attempts, timeout_ms, expire_at, key
  from admitted
  where is_written
  order by position
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
answer as materialized (
  select
    array_to_string(array_agg(id order by position), ',') as ids,
    array_agg(position::int - 1 order by position) filter (where not is_written) as refused
  from admitted
),
summary as materialized (
  select
    count(*) as count,
    min(id) filter (where execute_after is null)::text as seq,
    (extract(epoch from min(execute_after)) * 1000)::float8 as due
  from written
)
select
  answer.ids, answer.refused, summary.seq, summary.due,
  case when $12::text is not null and summary.count > 0 then pg_notify($12::text, case
    when $13::json is null then '{}'
    else json_build_object('entrypoints', $13::json, 'seq', seq, 'due', due)::text
  end) end as notified
from answer
cross join summary;
