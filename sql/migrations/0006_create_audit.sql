-- Who did what through the dashboard. Code of version 2 to 5 goes on: it writes none.

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
