-- list_hand_limits: the limits that were set by hand, beside what the code says.
-- Locks: none.   Reads entrypoint whole.
select
  entrypoint.name as entrypoint, 'concurrencyLimit' as kind, entrypoint.code_concurrency_limit::float8 as code,
  entrypoint.set_concurrency_limit::float8 as set_value, entrypoint.changed_at
from pgqueuer.entrypoint as entrypoint
where entrypoint.concurrency_limit_is_set
union all
select
  entrypoint.name, 'requestsPerSecond', entrypoint.code_requests_per_second, entrypoint.set_requests_per_second, entrypoint.changed_at
from pgqueuer.entrypoint as entrypoint
where entrypoint.requests_per_second_is_set
order by 1, 2;
