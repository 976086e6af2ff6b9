-- What all workers share about how jobs run: limits and pauses, dedupe keys, settings of single jobs, results, who waits for an end,
-- progress and log lines. Code of version 1 would run limited and paused entrypoints without asking, so this step does not serve it.

alter table pgqueuer.job
  add column max_attempts integer,
  add column timeout_ms double precision,
  add column expire_at timestamptz,
  add column dedupe_key text collate "C";

alter table pgqueuer.outcome add column result json;

-- What people and code say about an entrypoint; only those that need it have a row. A value that was set by hand (API, command line,
-- page) wins over the code's until it is reset. Each change draws a new revision: their sum tells workers that something has changed.
create sequence pgqueuer.entrypoint_revision_seq;

create table pgqueuer.entrypoint (
  name text collate "C" primary key,
  code_concurrency_limit integer,
  code_requests_per_second double precision,
  concurrency_limit_is_set boolean not null default false,
  set_concurrency_limit integer,
  requests_per_second_is_set boolean not null default false,
  set_requests_per_second double precision,
  paused boolean not null default false,
  retention json,
  revision bigint not null default nextval('pgqueuer.entrypoint_revision_seq'),
  changed_at timestamptz not null default clock_timestamp()
);

alter sequence pgqueuer.entrypoint_revision_seq owned by pgqueuer.entrypoint.revision;

-- The moving part of a limit, locked by who takes slots: how many are lent to workers, and when the next start is free.
create table pgqueuer.gate (
  entrypoint text collate "C" primary key,
  lent integer not null default 0,
  next_start_at timestamptz not null default 'epoch'
);

-- Slots of a limited entrypoint that a worker may fill without asking. A claim for it locks the lease, whose id is a fencing token.
create table pgqueuer.lease (
  id bigserial primary key,
  entrypoint text collate "C" not null,
  worker_id bigint not null,
  slots integer not null,
  unique (entrypoint, worker_id)
);

-- A key is taken as long as its job exists and has no outcome; rows of ended jobs may be left behind, and say nothing.
create table pgqueuer.dedupe (
  entrypoint text collate "C" not null,
  key text collate "C" not null,
  job_id bigint not null,
  primary key (entrypoint, key)
);

create index dedupe_job_idx on pgqueuer.dedupe (job_id);

-- Jobs that shall not start after a time. A row goes when the time has come, whatever became of the job, unless it moves at that moment.
create table pgqueuer.expiry (
  job_id bigint primary key,
  expire_at timestamptz not null
);

create index expiry_expire_at_idx on pgqueuer.expiry (expire_at, job_id);

-- Processes that wait for the ends of jobs. Ends are notified only while there is one that was seen in the last 15 seconds.
create table pgqueuer.watcher (
  id bigserial primary key,
  seen_at timestamptz not null default clock_timestamp()
);

create table pgqueuer.progress (
  job_id bigint primary key,
  attempt integer not null,
  value json not null,
  updated_at timestamptz not null default clock_timestamp()
);

create table pgqueuer.log_line (
  id bigserial primary key,
  job_id bigint not null,
  attempt integer not null,
  level text collate "C" not null,
  message text not null,
  fields json,
  logged_at timestamptz not null default clock_timestamp()
);

create index log_line_job_idx on pgqueuer.log_line (job_id, id);

-- Few rows, rewritten often: room for new versions on the same page, and an early vacuum.
alter table pgqueuer.gate set (fillfactor = 20, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);

alter table pgqueuer.lease set (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);

alter table pgqueuer.watcher set (fillfactor = 50, autovacuum_vacuum_threshold = 200);

alter table pgqueuer.progress set (fillfactor = 70);

alter table pgqueuer.dedupe set (vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0.05);

-- Empty and analysed, a table is expected to stay small: as in step 1, its first pages are made now.
insert into pgqueuer.dedupe (entrypoint, key, job_id)
select chr(1), n || repeat('x', 1800), -n from generate_series(1, 64) as n;

delete from pgqueuer.dedupe where job_id < 0;

-- What one of the workers does for all of them: whoever finds it due takes the turn, and says when the next one is.
create table pgqueuer.upkeep (
  duty text collate "C" primary key,
  due_at timestamptz not null
);

insert into pgqueuer.upkeep (duty, due_at) values ('retention', '-infinity');
