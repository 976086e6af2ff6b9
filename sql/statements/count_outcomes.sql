-- count_outcomes: how jobs ended within a time, by entrypoint and status, and how long they ran.
--   $1 float8 ms back from now
-- Locks: none.   Index: outcome_finished_at_idx.
select
  entrypoint, status, count(*)::float8 as count,
  (avg(extract(epoch from finished_at - started_at)) * 1000)::float8 as mean_run_ms,
  (max(extract(epoch from finished_at - started_at)) * 1000)::float8 as longest_run_ms
from pgqueuer.outcome as outcome
where finished_at >= now() - $1::float8 * interval '1 millisecond'
group by entrypoint, status
order by entrypoint, status;
