-- read_rules: the limits and pauses that count now, by hand before code, and the sum that changes with each of them.
-- Locks: none.   Reads entrypoint whole: a row for each entrypoint that needs one.
select
  name as entrypoint,
  case when concurrency_limit_is_set then set_concurrency_limit else code_concurrency_limit end as concurrency_limit,
  case when requests_per_second_is_set then set_requests_per_second else code_requests_per_second end as requests_per_second,
  paused,
  sum(revision) over ()::text as rules
from pgqueuer.entrypoint as entrypoint;
