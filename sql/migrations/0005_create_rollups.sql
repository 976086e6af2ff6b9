-- Numbers by entrypoint and time, so that nobody has to count the history or a backlog. Code of version 2 to 4 goes on: it writes none.

-- What ended with one exchange of a worker, one row an entrypoint, in the same transaction; null is 0. The worker's merge takes the rows
-- out within seconds. Histograms are sparse: run_counts[n] runs took as long as the bucket run_buckets[n] says (src/domain/histogram.ts).
-- successful, exception, failed, canceled, deleted: how jobs ended; retried: attempts that failed and are run again; rescued: jobs taken
-- from dead workers. run_*: attempts that ended here; wait_*: from when a job could start to its first start.
create table pgqueuer.rollup_entry (
  entrypoint text collate "C" not null,
  minute timestamptz not null,
  successful bigint,
  exception bigint,
  failed bigint,
  canceled bigint,
  deleted bigint,
  retried bigint,
  rescued bigint,
  run_ms double precision,
  run_buckets smallint[],
  run_counts bigint[],
  wait_ms double precision,
  wait_buckets smallint[],
  wait_counts bigint[]
);

-- The same, summed by minute, hour and day, and since ever: each event counts once in every span. The entrypoint '' is all of them.
create table pgqueuer.rollup (
  span text collate "C" not null,
  entrypoint text collate "C" not null,
  starts_at timestamptz not null,
  successful bigint not null,
  exception bigint not null,
  failed bigint not null,
  canceled bigint not null,
  deleted bigint not null,
  retried bigint not null,
  rescued bigint not null,
  run_ms double precision not null,
  run_buckets smallint[] not null,
  run_counts bigint[] not null,
  wait_ms double precision not null,
  wait_buckets smallint[] not null,
  wait_counts bigint[] not null
);

create index rollup_entrypoint_idx on pgqueuer.rollup (entrypoint, span, starts_at);

-- With the entrypoint at its end, either index finds a row by its key: a plan from when the table was empty cannot choose a wrong one.
create index rollup_span_idx on pgqueuer.rollup (span, starts_at, entrypoint);

-- What was measured once a minute: kind says what (jobs that wait, bytes of a table, …), label of what.
create table pgqueuer.sample (
  kind text collate "C" not null,
  label text collate "C" not null,
  at timestamptz not null,
  value double precision not null,
  primary key (kind, label, at)
);

create index sample_at_idx on pgqueuer.sample (at);

-- How a worker was at its last heartbeat, as it says itself.
alter table pgqueuer.worker add column vitals json;

-- As with ready: rows live for seconds, and the emptied pages stay.
alter table pgqueuer.rollup_entry set (
  vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0
);

-- The rows of the present are rewritten every few seconds.
alter table pgqueuer.rollup set (
  vacuum_truncate = off, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);

insert into pgqueuer.upkeep (duty, due_at) values ('rollups', '-infinity'), ('samples', '-infinity');

-- Empty and analysed, a table is expected to stay small: as in step 1, its first 64 pages are made now. A row of more than 2 kB would be
-- compressed, and make none.
insert into pgqueuer.rollup_entry (entrypoint, minute)
select repeat('x', 1900), 'epoch' from generate_series(1, 256) as n;

delete from pgqueuer.rollup_entry where minute = 'epoch';

insert into pgqueuer.rollup (
  span, entrypoint, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
  run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts
)
select '', n || repeat('x', 1700), 'epoch', 0, 0, 0, 0, 0, 0, 0, 0, '{}', '{}', 0, '{}', '{}' from generate_series(1, 256) as n;

delete from pgqueuer.rollup where span = '';
