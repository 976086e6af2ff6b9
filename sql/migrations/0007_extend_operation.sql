-- Workers can be drained, and old rows of the audit go. Code of version 2 to 6 goes on: its workers do not hear that they shall drain.

-- Since when the worker is asked to take nothing more and to end. It reads this with each heartbeat.
alter table pgqueuer.worker add column drain_requested_at timestamptz;

-- Retention looks for the oldest.
create index audit_at_idx on pgqueuer.audit (at);
