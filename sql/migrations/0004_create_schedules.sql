-- Recurring schedules and the history of their runs. Code of version 2 and 3 goes on: it knows nothing of schedules.

-- Which schedules the code of a worker registers. An entry that no running worker registers is orphaned.
alter table pgqueuer.worker add column schedules text[] not null default '{}';

create sequence pgqueuer.schedule_revision_seq;

-- Without an entrypoint a tick runs a handler in a worker; with one it enqueues that job. next_run is the next tick that nobody has
-- started; null: a worker that has code for the entry works it out, from now on. starts counts changes that ticks and waiting runs
-- have made: who decides by what he sees in schedule_run changes the row only while starts is what he saw.
-- Whoever changes a row by other ways than a tick draws a new revision and notifies {"entrypoints":[],"schedules":true}.
create table pgqueuer.schedule (
  name text collate "C" primary key,
  expression text not null,
  timezone text not null default 'UTC',
  missed text collate "C" not null default 'once',
  overlap text collate "C" not null default 'skip',
  jitter_ms double precision not null default 0,
  entrypoint text collate "C",
  priority integer not null default 0,
  payload json,
  payload_bytes bytea,
  headers json,
  max_attempts integer,
  timeout_ms double precision,
  expire_ms double precision,
  paused boolean not null default false,
  next_run timestamptz,
  last_run timestamptz,
  last_job_id bigint,
  starts bigint not null default 0,
  revision bigint not null default nextval('pgqueuer.schedule_revision_seq'),
  created_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp()
);

alter sequence pgqueuer.schedule_revision_seq owned by pgqueuer.schedule.revision;

-- One row for each run, and for each tick that was left out. waiting: for an earlier run of the same entry, for another worker after its own was
-- lost or stopped, or for any worker because somebody asked for it (by_hand). How a job that was enqueued ended, its outcome says.
create table pgqueuer.schedule_run (
  id bigserial primary key,
  schedule text collate "C" not null,
  tick timestamptz not null,
  status text collate "C" not null,
  attempt integer not null default 1,
  by_hand boolean not null default false,
  previous_tick timestamptz,
  worker_id bigint,
  job_id bigint,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  error text,
  traceback text
);

create index schedule_run_name_idx on pgqueuer.schedule_run (schedule, id);

create index schedule_run_open_idx on pgqueuer.schedule_run (schedule, id) where status in ('waiting', 'running');

create index schedule_run_ended_idx on pgqueuer.schedule_run (status, finished_at) where finished_at is not null;

-- A schedule's row is rewritten at each tick, a run's at its end: room for new versions on the same page, and an early vacuum.
alter table pgqueuer.schedule set (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);

alter table pgqueuer.schedule_run set (fillfactor = 80, vacuum_truncate = off);
