-- exchange: hand in what was done with claimed jobs, and claim the next ones, in one transaction.
--   $1 bigint  worker
-- What was done, one element a job; the arrays from $7 may be shorter (the rest is null):
--   $2 bigint[] the claims it touches, each once   $3 bigint[] claim   $4 bigint[] job   $5 text[] the status it moves to
--   $6 float8[] ms since its end   $7 float8[] ms it ran   $8 float8[] ms to wait before the next attempt
--   $9 text[] error   $10 text[] traceback
-- Where to look for work, one element a range of ready, which goes from (low, mark) up to all of rank high:
--   $11 text[] entrypoint   $12 int[] low rank   $13 bigint[] mark   $14 int[] high rank   $15 int[] how far to peek
--   $16 int  claim at most so many
--   $17 text  channel to notify of released and retried jobs, or null
-- Locks: the worker's own claims that it touches, in order (a rescue or a cancellation may be at them); of ready only what is taken, never waits.
-- Index: ready_pkey, claim_pkey, job_pkey.
--
-- Moves are written from the locked claim's own ids, never from the parameters: who lost the claim records nothing.
-- Ranges are read in merged order without locks first, so that the oldest of the highest priority are taken from every range, and no more
-- rows are locked than are taken. Where a range was not read to its end, nothing behind its last row is taken.
with moment as materialized (
  select clock_timestamp() as now
),
alive as materialized (
  select id from pgqueuer.worker as worker where id = $1::bigint and stopped_at is null
),
report as materialized (
  select * from unnest($3::bigint[], $4::bigint[], $5::text[], $6::float8[], $7::float8[], $8::float8[], $9::text[], $10::text[])
    as report (token, job_id, status, since_ms, run_ms, delay_ms, error, traceback)
),
touched as materialized (
  select id, entrypoint, rescues, job_ids, seqs, ranks, attempts
  from pgqueuer.claim as claim
  where id = any ($2::bigint[]) and worker_id = $1::bigint
  order by id
  for update
),
member as materialized (
  select
    touched.id as token, touched.entrypoint, touched.rescues, held.job_id, held.seq, held.rank, held.attempt,
    report.status, report.since_ms, report.run_ms, report.delay_ms, report.error, report.traceback
  from touched
  cross join lateral unnest(touched.job_ids, touched.seqs, touched.ranks, touched.attempts) as held (job_id, seq, rank, attempt)
  left join report on report.token = touched.id and report.job_id = held.job_id
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
  delete from pgqueuer.claim as claim where id in (select token from rest where job_ids is null)
),
shrunk as (
  update pgqueuer.claim as claim
  set job_ids = rest.job_ids, seqs = rest.seqs, ranks = rest.ranks, attempts = rest.attempts
  from rest
  where claim.id = rest.token and rest.job_ids is not null
),
ended as (
  insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, worker_id, started_at, finished_at, error)
  select
    job_id, entrypoint, status, attempt, $1::bigint,
    now - (since_ms + run_ms) * interval '1 millisecond', now - since_ms * interval '1 millisecond', error
  from member cross join moment
  where status in ('successful', 'exception', 'canceled')
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
  select job_id, attempt, $1::bigint, error, traceback from member where error is not null
),
range as materialized (
  select * from unnest($11::text[], $12::int[], $13::bigint[], $14::int[], $15::int[]) with ordinality
    as range (entrypoint, low, mark, high, peek, position)
  where exists (select from alive)
),
candidate as materialized (
  select range.position, head.rank, head.seq, head.place = range.peek as at_end_of_peek
  from range
  cross join lateral (
    select ready.rank, ready.seq, row_number() over (order by ready.rank, ready.seq) as place
    from pgqueuer.ready as ready
    where ready.entrypoint = range.entrypoint
      and (ready.rank, ready.seq) >= (range.low, range.mark)
      and ready.rank <= range.high
      and ready.rescues = 0
    order by ready.rank, ready.seq
    limit range.peek
  ) as head
),
frontier as materialized (
  select rank, seq from candidate where at_end_of_peek order by rank, seq limit 1
),
share as materialized (
  select position, count(*) as size
  from (
    select candidate.position
    from candidate
    left join frontier on true
    where frontier.rank is null or (candidate.rank, candidate.seq) <= (frontier.rank, frontier.seq)
    order by candidate.rank, candidate.seq
    limit $16::int
  ) as chosen
  group by position
),
taken as (
  delete from pgqueuer.ready as ready
  where ctid = any (array(
    select head.ctid
    from share
    join range on range.position = share.position
    cross join lateral (
      select ready.ctid
      from pgqueuer.ready as ready
      where ready.entrypoint = range.entrypoint
        and (ready.rank, ready.seq) >= (range.low, range.mark)
        and ready.rank <= range.high
        and ready.rescues = 0
      order by ready.rank, ready.seq
      limit share.size
      for update skip locked
    ) as head
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
    (select count(*)::int from share) as shares,
    (select sum(size)::int from share) as promised,
    case when (select count(*) from member where status is not null) < cardinality($4::bigint[]) then (
      select array_agg(report.job_id)
      from report
      where not exists (select from member where member.token = report.token and member.job_id = report.job_id)
    ) end as refused,
    case when $17::text is not null and (exists (select from retried) or exists (select from released))
      then pg_notify($17::text, '{}') end as notified
)
select
  summary.alive, summary.promised, summary.refused,
  job.token, job.id, job.entrypoint, job.rank, job.seq, job.attempt,
  job.payload, job.payload_bytes, job.headers, job.created_at
from summary
left join (
  select
    claimed.id::text as token, held.job_id::text as id, claimed.entrypoint, held.rank, held.seq::text as seq, held.attempt,
    content.payload, content.payload_bytes, content.headers, content.created_at
  from claimed
  cross join lateral unnest(claimed.job_ids, claimed.seqs, claimed.ranks, claimed.attempts) as held (job_id, seq, rank, attempt)
  left join lateral (
    select payload::text as payload, payload_bytes, headers::text as headers, created_at from pgqueuer.job as job where job.id = held.job_id offset 0
  ) as content on true
) as job on true;
