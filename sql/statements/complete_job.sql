-- complete_job: end a job as successful, within a transaction of its handler's own.
--   $1 bigint worker   $2 bigint claim   $3 bigint job   $4 float8 microseconds that it ran   $5 json result
--   $6 bigint  the transaction of an earlier call for this run, or null   $7 text  channel to notify of ends, if somebody waits for any
--   $8 float8 microseconds from when it could start to its start, for a first attempt
-- Locks: the claim, for key share: reports about other jobs of it pass, and a rescue comes later; never waits for more than a rescue.
-- Index: claim_pkey, outcome_pkey.
--
-- The claim row is not changed: it covers a batch, and would be locked for all of it until the handler's commit. A cancellation that was
-- marked before wins; one that is marked later finds the outcome when this is committed. Nothing is locked where nothing is written.
with moment as materialized (
  select clock_timestamp() as now
),
found as materialized (
  select
    $3::bigint = any (claim.stop_ids) as canceled,
    exists (select from pgqueuer.outcome as outcome where outcome.job_id = $3::bigint)
      or coalesce($6::bigint <> txid_current() and txid_status($6::bigint) = 'in progress', false) as completed
  from pgqueuer.claim as claim
  where claim.id = $2::bigint and claim.worker_id = $1::bigint and $3::bigint = any (claim.job_ids)
),
held as materialized (
  select entrypoint, rescues, job_ids, attempts
  from pgqueuer.claim as claim
  where id = $2::bigint
    and worker_id = $1::bigint
    and $3::bigint = any (job_ids)
    and $3::bigint <> all (stop_ids)
    and exists (select from found where not completed)
  for key share
),
ended as (
  insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, rescues, worker_id, started_at, finished_at, result)
  select
    member.job_id, held.entrypoint, 'successful', member.attempt, held.rescues, $1::bigint,
    moment.now - $4::float8 * interval '1 microsecond', moment.now, $5::json
  from held
  cross join lateral unnest(held.job_ids, held.attempts) as member (job_id, attempt)
  cross join moment
  where member.job_id = $3::bigint
  on conflict (job_id) do nothing
  returning job_id, entrypoint
),
rolled as (
  insert into pgqueuer.rollup_entry (
    entrypoint, minute, successful, run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
  )
  select
    entrypoint, date_trunc('minute', now), 1,
    $4::float8 / 1000, array[width_bucket($4::float8, {bounds})]::smallint[], '{1}'::bigint[],
    $8::float8 / 1000,
    case when $8::float8 is not null then array[width_bucket($8::float8, {bounds})]::smallint[] end,
    case when $8::float8 is not null then '{1}'::bigint[] end
  from ended
  cross join moment
),
told as materialized (
  select pg_notify($7::text, json_build_object('ended', json_build_array(job_id::text))::text)
  from ended
  where exists (select from pgqueuer.watcher as watcher where seen_at > clock_timestamp() - interval '15 seconds')
)
select
  exists (select from ended) as done,
  exists (select from found) as held,
  exists (select from found where canceled) as canceled,
  exists (select from found where completed) as completed,
  txid_current()::text as transaction,
  (select count(*) from told) as told;
