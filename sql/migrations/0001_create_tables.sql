-- The tables of one queue. `pgqueuer.` stands for the chosen schema and prefix. A statement ends with a semicolon before an empty line.
-- A job's row is written once; where the job stands is said by one small row in ready, deferred, claim, held or outcome.
-- Entrypoints compare by bytes (collate "C"): quicker, and an operating system's new collations cannot break the indexes.

create table pgqueuer.migration (
  version integer primary key,
  serves integer not null,
  applied_at timestamptz not null default now()
);

create table pgqueuer.job (
  id bigserial primary key,
  entrypoint text collate "C" not null,
  priority integer not null default 0,
  payload json,
  payload_bytes bytea,
  headers json,
  created_at timestamptz not null default clock_timestamp(),
  execute_after timestamptz
);

-- rank is ~priority, so that plain ascending order is highest priority first. A fresh job's seq is its id.
create table pgqueuer.ready (
  entrypoint text collate "C" not null,
  rank integer not null,
  seq bigint not null,
  job_id bigint not null,
  attempt integer not null default 1,
  rescues integer not null default 0,
  primary key (entrypoint, rank, seq)
);

create index ready_moved_idx on pgqueuer.ready (job_id) where seq <> job_id;

create index ready_suspect_idx on pgqueuer.ready (rank, seq) where rescues > 0;

create table pgqueuer.deferred (
  job_id bigint primary key,
  entrypoint text collate "C" not null,
  rank integer not null,
  run_at timestamptz not null,
  attempt integer not null default 1,
  rescues integer not null default 0
);

create index deferred_run_at_idx on pgqueuer.deferred (run_at, job_id);

-- id is the fencing token. The four arrays run in parallel, at most 100 long.
create table pgqueuer.claim (
  id bigserial primary key,
  worker_id bigint not null,
  entrypoint text collate "C" not null,
  rescues integer not null default 0,
  job_ids bigint[] not null,
  seqs bigint[] not null,
  ranks integer[] not null,
  attempts integer[] not null,
  stop_ids bigint[] not null default '{}',
  claimed_at timestamptz not null default clock_timestamp()
);

create index claim_worker_idx on pgqueuer.claim (worker_id);

-- 100 ids make 2.8 kB: over the limit at which PostgreSQL starts to compress and move values out of the row.
alter table pgqueuer.claim
  alter column job_ids set storage plain,
  alter column seqs set storage plain,
  alter column ranks set storage plain,
  alter column attempts set storage plain;

create table pgqueuer.held (
  job_id bigint primary key,
  entrypoint text collate "C" not null,
  rank integer not null,
  attempt integer not null,
  rescues integer not null,
  worker_id bigint,
  held_at timestamptz not null default clock_timestamp(),
  error text
);

create table pgqueuer.outcome (
  job_id bigint primary key,
  entrypoint text collate "C" not null,
  status text collate "C" not null,
  attempt integer not null,
  rescues integer not null default 0,
  worker_id bigint,
  started_at timestamptz,
  finished_at timestamptz not null default clock_timestamp(),
  error text
);

create index outcome_finished_at_idx on pgqueuer.outcome using brin (finished_at);

create table pgqueuer.failure (
  id bigserial primary key,
  job_id bigint not null,
  attempt integer not null,
  worker_id bigint,
  failed_at timestamptz not null default clock_timestamp(),
  error text not null,
  traceback text
);

create index failure_job_idx on pgqueuer.failure (job_id);

create table pgqueuer.worker (
  id bigserial primary key,
  host text not null,
  pid integer not null,
  version text not null,
  entrypoints text[] not null,
  heartbeat_timeout_ms integer not null,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  stopped_at timestamptz,
  lost boolean not null default false
);

create index worker_alive_idx on pgqueuer.worker (id) where stopped_at is null;

-- Rows of these tables live for milliseconds. Vacuum often and without pauses; keep the emptied pages, because cutting them off
-- takes an exclusive lock, and because a plan that was made while a table has no pages scans all of it when a million rows are there.
alter table pgqueuer.ready set (
  vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0
);

alter table pgqueuer.deferred set (
  vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0
);

alter table pgqueuer.claim set (
  vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);

alter table pgqueuer.worker set (fillfactor = 50, autovacuum_vacuum_threshold = 500);

alter table pgqueuer.job set (vacuum_truncate = off);

alter table pgqueuer.outcome set (vacuum_truncate = off);

-- Rows written and deleted at once give each table its first 64 pages, for the reason above: an index is then always the cheaper way.
-- Those of ready come first in its index: behind the others, every insert would compare itself with their long keys.
insert into pgqueuer.ready (entrypoint, rank, seq, job_id)
select repeat(chr(1), 1900), 0, -n, -n from generate_series(1, 256) as n;

-- The planner takes an entrypoint for nearly the whole table, so it never sorts what the index gives in order.
alter table pgqueuer.ready alter column entrypoint set (n_distinct = 1);

analyze pgqueuer.ready;

delete from pgqueuer.ready where seq < 0;

insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at)
select -n, repeat('x', 1900), 0, 'infinity' from generate_series(1, 256) as n;

delete from pgqueuer.deferred where job_id < 0;

insert into pgqueuer.claim (id, worker_id, entrypoint, job_ids, seqs, ranks, attempts)
select -n, -n, repeat('x', 1800), '{}', '{}', '{}', '{}' from generate_series(1, 256) as n;

delete from pgqueuer.claim where id < 0;

insert into pgqueuer.job (id, entrypoint)
select -n, repeat('x', 1900) from generate_series(1, 256) as n;

delete from pgqueuer.job where id < 0;

insert into pgqueuer.outcome (job_id, entrypoint, status, attempt)
select -n, repeat('x', 1900), '', 0 from generate_series(1, 256) as n;

delete from pgqueuer.outcome where job_id < 0;

-- Where each job stands, for people. Look a job up by job_id: it is the indexed number, id is the same as text.
create view pgqueuer.job_status as
select
  job.id::text as id,
  job.id as job_id,
  job.entrypoint,
  case
    when outcome.job_id is not null then outcome.status
    when claimed.job_id is not null then 'picked'
    when held.job_id is not null then 'failed'
    when deferred.job_id is not null then 'deferred'
    when fresh.job_id is not null or moved.job_id is not null then 'queued'
  end as status,
  ~coalesce(claimed.rank, held.rank, deferred.rank, fresh.rank, moved.rank, ~job.priority) as priority,
  coalesce(outcome.attempt, claimed.attempt, held.attempt, deferred.attempt, fresh.attempt, moved.attempt) as attempt,
  coalesce(outcome.rescues, claimed.rescues, held.rescues, deferred.rescues, fresh.rescues, moved.rescues, 0) as rescues,
  job.created_at,
  coalesce(deferred.run_at, job.execute_after) as execute_after,
  coalesce(outcome.started_at, claimed.claimed_at) as started_at,
  coalesce(outcome.finished_at, held.held_at) as finished_at,
  coalesce(outcome.worker_id, claimed.worker_id, held.worker_id)::text as worker,
  coalesce(outcome.error, held.error) as error
from pgqueuer.job as job
left join pgqueuer.outcome as outcome on outcome.job_id = job.id
left join (
  select claim.worker_id, claim.claimed_at, claim.rescues, member.job_id, member.rank, member.attempt
  from pgqueuer.claim as claim
  cross join lateral unnest(claim.job_ids, claim.ranks, claim.attempts) as member (job_id, rank, attempt)
) as claimed on claimed.job_id = job.id
left join pgqueuer.held as held on held.job_id = job.id
left join pgqueuer.deferred as deferred on deferred.job_id = job.id
left join pgqueuer.ready as fresh
  on fresh.entrypoint = job.entrypoint and fresh.rank = ~job.priority and fresh.seq = job.id and fresh.job_id = job.id
left join pgqueuer.ready as moved on moved.job_id = job.id and moved.seq <> moved.job_id;
