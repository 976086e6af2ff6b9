-- For the web dashboard: who did what, and lists of what did not end well. Code of version 2 to 5 goes on: it writes no audit.

-- One row an action, written before it and completed after it: one without a result was under way when its process ended.
create table pgqueuer.audit (
  id bigserial primary key,
  at timestamptz not null default clock_timestamp(),
  person text not null,
  role text not null,
  action text not null,
  target text not null,
  done boolean,
  result text,
  finished_at timestamptz
);

-- Ends other than successful, which are few: a list of them would read the whole history. The drain pays nothing for it.
create index outcome_failed_idx on pgqueuer.outcome (status, job_id) where status <> 'successful';
