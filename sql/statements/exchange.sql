-- exchange: claim the next jobs, and hand in what was done with claimed ones, in one transaction.
-- claim: the same without "handing in": who only claims is quicker with half the statement, and does not wait for the disk. It is made
-- from this file, too (scripts/embed-sql.mjs).
--   $1 bigint  worker
-- Where to look for work, one element a range of ready, which goes from (low, mark) up to all of rank high:
--   $2 text[] entrypoint   $3 int[] low rank   $4 bigint[] mark   $5 int[] high rank   $6 int[] how far to peek
--   $7 int[] at most so many of its entrypoint, if that is limited   $8 bigint[] the worker's leases on limited entrypoints
--   $9 int  claim at most so many
-- Handing in: one element a job; $13 and the arrays from $16 may be shorter (the rest is null, a status of null is successful). Who has
-- not run has no $15:
--   $10 bigint[] the claims it touches, each once   $11 bigint[] claim   $12 bigint[] job   $13 text[] the status it moves to
--   $14 float8[] microseconds since its end   $15 float8[] microseconds it ran   $16 float8[] ms to wait before the next attempt
--   $17 text[] error   $18 text[] traceback   $19 json[] result   $20 bigint[] those of the jobs that have a dedupe key
--   $21 text  channel to notify of released and retried jobs   $22 text  channel to notify of ends, if somebody waits for any
--   $23 json  what all of them add to the numbers, one element an entrypoint
-- Locks: the worker's own claims that it touches, in order (a rescue or a cancellation may be at them), and its leases; of ready only what
-- is taken, never waits.
-- Index: ready_pkey, claim_pkey, job_pkey.
--
-- Moves are written from the locked claim's own ids, never from the parameters: who lost the claim records nothing. What the worker has added up is taken
-- over where every report was recorded as it was given; else it is counted here.
-- Ranges are read in merged order without locks first, so that the oldest of the highest priority are taken from every range, and no more
-- rows are locked than are taken: the range with the first row up to where the next one begins, the others as far as the worker expects
-- to need. A range that is the only one with rows needs no merging. Where a range was not read to its end, nothing behind its last row is taken.
-- Dead rows at the head of a range are walked once: what comes after its first row was found starts there.
--
-- The planner must expect many rows of a range, so that it prefers the ordered index with a limit to sorting them, which would be all of a
-- million when the plan is older than the backlog: hence rescues < 1 and not = 0, and hence n_distinct in the migration.
--
-- A claim does not wait for the disk: lost in a crash, its jobs are in line as before, which is all that a crash of the worker would do
-- to them. What ended is on disk before the worker hears of it.
--
-- A limited entrypoint is claimed only under a lease of this worker, which stays as it is until the claim is committed; a paused one not at all.
-- A cancellation that was marked in the claim before the end wins over what the handler made of it.
--
-- Parameters stand in sub-selects, so that a plan made for their values costs no less than the general one: PostgreSQL would otherwise
-- plan anew each time, which takes longer than the statement.
with moment as materialized (
  select clock_timestamp() as now
),
alive as materialized (
  select id from pgqueuer.worker as worker where id = $1::bigint and stopped_at is null
),
-- handing in {
report as materialized (
  select token, job_id, coalesce(status, 'successful') as status, since_us, run_us, delay_ms, error, traceback, result
  from unnest(
    (select $11::bigint[]), (select $12::bigint[]), (select $13::text[]), (select $14::float8[]), (select $15::float8[]),
    (select $16::float8[]), (select $17::text[]), (select $18::text[]), (select $19::json[])
  )
    as report (token, job_id, status, since_us, run_us, delay_ms, error, traceback, result)
),
touched as materialized (
  select id, worker_id, entrypoint, rescues, job_ids, seqs, ranks, attempts, stop_ids
  from pgqueuer.claim as claim
  where id = any ((select $10::bigint[])::bigint[])
  order by id
  for no key update
),
member as materialized (
  select
    touched.id as token, touched.entrypoint, touched.rescues, held.job_id, held.seq, held.rank, held.attempt,
    case when held.job_id = any (touched.stop_ids) and report.status <> 'deleted' then 'canceled' else report.status end as status,
    report.status as reported, report.since_us, report.run_us, report.delay_ms, report.error, report.traceback, report.result
  from touched
  cross join lateral unnest(touched.job_ids, touched.seqs, touched.ranks, touched.attempts) as held (job_id, seq, rank, attempt)
  left join report on report.token = touched.id and report.job_id = held.job_id
  where touched.worker_id = $1::bigint
),
rest as materialized (
  select
    token,
    array_agg(job_id) filter (where status is null) as job_ids,
    array_agg(seq) filter (where status is null) as seqs,
    array_agg(rank) filter (where status is null) as ranks,
    array_agg(attempt) filter (where status is null) as attempts
  from member
  group by token
),
emptied as (
  delete from pgqueuer.claim as claim where id = any (array(select token from rest where job_ids is null))
),
shrunk as (
  update pgqueuer.claim as claim
  set job_ids = rest.job_ids, seqs = rest.seqs, ranks = rest.ranks, attempts = rest.attempts
  from rest
  where claim.id = any (array(select token from rest where job_ids is not null)) and rest.token = claim.id
),
ended as (
  insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, rescues, worker_id, started_at, finished_at, error, result)
  select
    job_id, entrypoint, status, attempt, rescues, $1::bigint,
    case when reported <> 'deleted' then now - (since_us + run_us) * interval '1 microsecond' end, now - since_us * interval '1 microsecond',
    case when status = reported then error end, case when status = 'successful' then result end
  from member cross join moment
  where status in ('successful', 'exception', 'canceled', 'deleted')
),
freed as (
  delete from pgqueuer.dedupe as dedupe
  where ctid = any (array(
    select ctid
    from pgqueuer.dedupe as dedupe
    where job_id = any ((select $20::bigint[])::bigint[])
      and exists (
        select from member
        where member.job_id = dedupe.job_id and member.status in ('successful', 'exception', 'canceled', 'deleted')
      )
    for update skip locked
  ))
),
held as (
  insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues, worker_id, error)
  select job_id, entrypoint, rank, attempt, rescues, $1::bigint, error from member where status = 'failed'
),
retried as (
  insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at, attempt, rescues)
  select job_id, entrypoint, rank, now + delay_ms * interval '1 millisecond', attempt + 1, rescues
  from member cross join moment
  where status = 'deferred'
  returning run_at
),
released as (
  insert into pgqueuer.ready (entrypoint, rank, seq, job_id, attempt, rescues)
  select entrypoint, rank, seq, job_id, attempt, rescues from member where status = 'queued'
  returning entrypoint
),
failed as (
  insert into pgqueuer.failure (job_id, attempt, worker_id, error, traceback)
  select job_id, attempt, $1::bigint, error, traceback from member where error is not null and reported <> 'deleted'
),
tally as materialized (
  select
    (select count(*) from member where status is not null) = cardinality($12::bigint[])
      and not exists (select from touched where stop_ids <> '{}') as as_reported
),
differing as materialized (
  select
    member.entrypoint, member.status, member.run_us,
    case when member.attempt = 1 and member.rescues = 0
      then greatest(0, extract(epoch from moment.now - content.ready_at)::float8 * 1000000 - member.since_us - member.run_us) end as wait_us
  from member
  cross join moment
  left join lateral (
    select greatest(created_at, execute_after) as ready_at from pgqueuer.job as job where job.id = member.job_id offset 0
  ) as content on true
  where member.status <> 'queued' and not (select as_reported from tally)
),
counted as materialized (
  select
    entrypoint, status, count(*) as jobs, sum(run_us) as run_us, sum(wait_us) as wait_us,
    width_bucket(run_us, {bounds}) as run_bucket, width_bucket(wait_us, {bounds}) as wait_bucket
  from differing
  group by entrypoint, status, width_bucket(run_us, {bounds}), width_bucket(wait_us, {bounds})
),
rolled as (
  insert into pgqueuer.rollup_entry (
    entrypoint, minute, successful, exception, failed, canceled, deleted, retried,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
  )
  select
    entrypoint, date_trunc('minute', (select now from moment)), successful, exception, failed, canceled, deleted, retried,
    run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
  from json_to_recordset((select $23::json)) as reported (
    entrypoint text, successful bigint, exception bigint, failed bigint, canceled bigint, deleted bigint, retried bigint,
    run_ms float8, run_buckets smallint[], run_counts bigint[], wait_ms float8, wait_buckets smallint[], wait_counts bigint[]
  )
  where (select as_reported from tally)
  union all
  select
    entrypoint, date_trunc('minute', (select now from moment)),
    sum(jobs) filter (where status = 'successful'), sum(jobs) filter (where status = 'exception'),
    sum(jobs) filter (where status = 'failed'), sum(jobs) filter (where status = 'canceled'),
    sum(jobs) filter (where status = 'deleted'), sum(jobs) filter (where status = 'deferred'),
    sum(run_us) / 1000, array_agg(run_bucket) filter (where run_bucket is not null), array_agg(jobs) filter (where run_bucket is not null),
    sum(wait_us) / 1000, array_agg(wait_bucket) filter (where wait_bucket is not null), array_agg(jobs) filter (where wait_bucket is not null)
  from counted
  group by entrypoint
),
told as materialized (
  select pg_notify((select $22::text), json_build_object('ended', json_agg(job_id::text))::text)
  from (
    select job_id, (row_number() over () - 1) / 300 as part
    from member
    where status in ('successful', 'exception', 'canceled', 'deleted', 'failed')
      and exists (select from pgqueuer.watcher as watcher where seen_at > now() - interval '15 seconds')
  ) as ended_job
  group by part
),
-- }
rule as materialized (
  select
    name, paused, revision,
    case when concurrency_limit_is_set then set_concurrency_limit else code_concurrency_limit end is not null
      or case when requests_per_second_is_set then set_requests_per_second else code_requests_per_second end is not null as limited
  from pgqueuer.entrypoint as entrypoint
),
leased as materialized (
  select entrypoint
  from pgqueuer.lease as lease
  where id = any ((select $8::bigint[])::bigint[]) and worker_id = $1::bigint
  order by entrypoint
  for key share
),
range as materialized (
  select range.*
  from unnest(
    (select $2::text[]), (select $3::int[]), (select $4::bigint[]), (select $5::int[]), (select $6::int[]), (select $7::int[])
  ) with ordinality
    as range (entrypoint, low, mark, high, peek, most, position)
  left join rule on rule.name = range.entrypoint
  where exists (select from alive)
    and rule.paused is not true
    and (rule.limited is not true or range.most is not null and exists (select from leased where leased.entrypoint = range.entrypoint))
),
head as materialized (
  select
    range.*, first.rank, first.seq,
    row_number() over (order by first.rank, first.seq) as place,
    lead(first.rank) over (order by first.rank, first.seq) as next_rank,
    lead(first.seq) over (order by first.rank, first.seq) as next_seq
  from range
  cross join lateral (
    select ready.rank, ready.seq
    from pgqueuer.ready as ready
    where ready.entrypoint = range.entrypoint
      and (ready.rank, ready.seq) >= (range.low, range.mark)
      and ready.rank <= range.high
      and ready.rescues < 1
    order by ready.rank, ready.seq
    limit 1
  ) as first
),
lead as materialized (
  select least(head.most, case when head.next_seq is null then (select $9::int) else (
    select count(*)
    from (
      select
      from pgqueuer.ready as ready
      where ready.entrypoint = head.entrypoint
        and (ready.rank, ready.seq) >= (head.rank, head.seq)
        and ready.rank <= head.high
        and (ready.rank, ready.seq) < (head.next_rank, head.next_seq)
        and ready.rescues < 1
      order by ready.rank, ready.seq
      limit (select $9::int)
    ) as before_next
  ) end) as size
  from head
  where head.place = 1
),
peek as materialized (
  select head.*, least(head.most, case when head.place = 1 then greatest(head.peek, lead.size) else head.peek end) as depth
  from head
  cross join lead
  where exists (select from head where place = 2)
),
candidate as materialized (
  select peek.position, peek.entrypoint, peek.most, next.rank, next.seq, next.place = peek.depth as at_end_of_peek
  from peek
  cross join lateral (
    select ready.rank, ready.seq, row_number() over (order by ready.rank, ready.seq) as place
    from pgqueuer.ready as ready
    where ready.entrypoint = peek.entrypoint
      and (ready.rank, ready.seq) >= (peek.rank, peek.seq)
      and ready.rank <= peek.high
      and ready.rescues < 1
    order by ready.rank, ready.seq
    limit peek.depth
  ) as next
),
allowed as materialized (
  select position, rank, seq, at_end_of_peek from candidate where most is null
  union all
  select position, rank, seq, at_end_of_peek and nth < most
  from (select *, row_number() over (partition by entrypoint order by rank, seq) as nth from candidate where most is not null) as limited
  where nth <= most
),
frontier as materialized (
  select rank, seq from allowed where at_end_of_peek order by rank, seq limit 1
),
share as materialized (
  select head.position, lead.size, 1 as promised
  from head
  cross join lead
  where not exists (select from head where place = 2)
  union all
  select position, count(*) as size, count(*) as promised
  from (
    select allowed.position
    from allowed
    left join frontier on true
    where frontier.rank is null or (allowed.rank, allowed.seq) <= (frontier.rank, frontier.seq)
    order by allowed.rank, allowed.seq
    limit (select $9::int)
  ) as chosen
  group by position
),
taken as (
  delete from pgqueuer.ready as ready
  where ctid = any (array(
    select next.ctid
    from share
    join head on head.position = share.position
    cross join lateral (
      select ready.ctid
      from pgqueuer.ready as ready
      where ready.entrypoint = head.entrypoint
        and (ready.rank, ready.seq) >= (head.rank, head.seq)
        and ready.rank <= head.high
        and ready.rescues < 1
      order by ready.rank, ready.seq
      limit share.size
      for update skip locked
    ) as next
  ))
  returning entrypoint, rank, seq, job_id, attempt
),
claimed as (
  insert into pgqueuer.claim (worker_id, entrypoint, job_ids, seqs, ranks, attempts)
  select $1::bigint, entrypoint, array_agg(job_id), array_agg(seq), array_agg(rank), array_agg(attempt)
  from (
    select *, (row_number() over (partition by entrypoint order by rank, seq) - 1) / 100 as chunk from taken
  ) as numbered
  group by entrypoint, chunk
  returning id, entrypoint, job_ids, seqs, ranks, attempts
),
summary as materialized (
  select
    exists (select from alive) as alive,
    (select date_part('epoch', now) * 1000 from moment) as now_ms,
    (select sum(promised)::int from share) as promised,
    (select sum(revision)::text from rule) as rules,
-- handing in {
    case when not (select as_reported from tally) then (
      select array_agg(report.job_id)
      from report
      where not exists (select from member where member.token = report.token and member.job_id = report.job_id)
    ) end as refused,
    case when $21::text is not null and (exists (select from retried) or exists (select from released))
      then pg_notify($21::text, '{}') end as notified,
    (select count(*) from told) as told
-- }
-- claiming only {
    set_config('synchronous_commit', 'off', true) as unhurried
-- }
)
select
  case when job.first is not false then summary.alive end as alive,
  case when job.first is not false then summary.now_ms end as now_ms,
  case when job.first is not false then summary.promised end as promised,
  case when job.first is not false then summary.rules end as rules,
-- handing in {
  case when job.first is not false then summary.refused end as refused,
-- }
  job.token, job.id, job.entrypoint, job.rank, job.seq, job.attempt,
  job.payload, job.payload_bytes, job.headers, job.created_ms, job.settings
from summary
left join (
  select
    claimed.id::text as token, held.job_id::text as id, claimed.entrypoint, held.rank, held.seq::text as seq, held.attempt,
    content.payload, content.payload_bytes, content.headers, content.created_ms, content.settings,
    row_number() over () = 1 as first
  from claimed
  cross join lateral unnest(claimed.job_ids, claimed.seqs, claimed.ranks, claimed.attempts) as held (job_id, seq, rank, attempt)
  left join lateral (
    select
      payload::text as payload, payload_bytes, headers::text as headers, date_part('epoch', created_at) * 1000 as created_ms,
      case when coalesce(max_attempts, timeout_ms) is not null or coalesce(execute_after, expire_at) is not null or dedupe_key is not null then
        json_build_object(
          'maxAttempts', max_attempts, 'timeoutMs', timeout_ms, 'keyed', dedupe_key is not null,
          'dueMs', date_part('epoch', execute_after) * 1000,
          'expired', expire_at <= (select now from moment) and held.attempt = 1
        )::text
      end as settings
    from pgqueuer.job as job
    where job.id = held.job_id
    offset 0
  ) as content on true
) as job on true;
