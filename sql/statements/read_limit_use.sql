-- read_limit_use: what limits entrypoints, how many of their jobs are held, and how many running workers have a handler for them: of all that
-- have settings, jobs in hand or a running worker. For metrics; list_limits tells people more, of one entrypoint after the other.
-- Locks: none.   Index: worker_alive_idx. Reads entrypoint and claim whole.
with held as materialized (
  select entrypoint, sum(cardinality(job_ids))::int as jobs from pgqueuer.claim as claim group by entrypoint
),
served as materialized (
  select name, count(*)::int as workers
  from pgqueuer.worker as worker
  cross join lateral unnest(worker.entrypoints) as name
  where worker.stopped_at is null
  group by name
),
listed as (
  select name from pgqueuer.entrypoint as entrypoint
  union
  select entrypoint from held
  union
  select name collate "C" from served
)
select
  listed.name as entrypoint,
  case when concurrency_limit_is_set then set_concurrency_limit else code_concurrency_limit end as concurrency_limit,
  case when requests_per_second_is_set then set_requests_per_second else code_requests_per_second end as requests_per_second,
  coalesce(entrypoint.paused, false) as paused,
  coalesce(held.jobs, 0) as held,
  coalesce(served.workers, 0) as workers
from listed
left join pgqueuer.entrypoint as entrypoint on entrypoint.name = listed.name
left join held on held.entrypoint = listed.name
left join served on served.name = listed.name
order by listed.name;
