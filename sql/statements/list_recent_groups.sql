-- list_recent_groups: what happened lately, for dashboards: jobs of one entrypoint, priority and status that were created in the same
-- second. Looks at the newest 1,000 jobs, the newest 1,000 that ended, those that are held and those in hand, whatever else there is.
--   $1 int at most so many groups of ended jobs, and so many of others
-- Locks: none.   Index: job_pkey, outcome_pkey, held_pkey backwards; claim, which is as long as what all workers hold, up to 1,000 jobs.
--
-- The limits are numbers, because of an unknown one the planner expects a tenth of the table.
with newest as materialized (
  select job.id from pgqueuer.job as job order by job.id desc limit 1000
),
ended as materialized (
  select outcome.job_id as id from pgqueuer.outcome as outcome order by outcome.job_id desc limit 1000
),
on_hold as materialized (
  select held.job_id as id from pgqueuer.held as held order by held.job_id desc limit 1000
),
in_hand as materialized (
  select member.job_id as id, claim.claimed_at, member.rank
  from pgqueuer.claim as claim
  cross join lateral unnest(claim.job_ids, claim.ranks) as member (job_id, rank)
  limit 1000
),
looked_at as (
  select id from newest union select id from ended union select id from on_hold union select id from in_hand
),
found as (
  select
    job.id, job.entrypoint, job.created_at, date_trunc('second', job.created_at) as second,
    ~coalesce(in_hand.rank, held.rank, deferred.rank, moved.rank, ~job.priority) as priority,
    case
      when outcome.job_id is not null then outcome.status
      when in_hand.id is not null then 'picked'
      when held.job_id is not null then 'failed'
      when deferred.job_id is not null then 'deferred'
      else 'queued'
    end as status,
    case
      when outcome.job_id is not null then coalesce(outcome.started_at, outcome.finished_at)
      when in_hand.id is not null then in_hand.claimed_at
      when held.job_id is null and deferred.job_id is null then clock_timestamp()
    end - greatest(job.created_at, job.execute_after) as wait
  from looked_at
  join pgqueuer.job as job on job.id = looked_at.id
  left join pgqueuer.outcome as outcome on outcome.job_id = job.id
  left join in_hand on in_hand.id = job.id
  left join pgqueuer.held as held on held.job_id = job.id
  left join pgqueuer.deferred as deferred on deferred.job_id = job.id
  left join pgqueuer.ready as moved on moved.job_id = job.id and moved.seq <> moved.job_id
),
-- Of a second at or before the first that was seen there may be more.
horizon as materialized (
  select
    (select max(found.second) from found where found.id = (select min(id) from newest) having (select count(*) from newest) >= 1000) as open,
    (select max(found.second) from found where found.id = (select min(id) from ended) having (select count(*) from ended) >= 1000) as ended,
    (select max(found.second) from found where found.id = (select min(id) from on_hold) having (select count(*) from on_hold) >= 1000) as held,
    (select count(*) from in_hand) >= 1000 as more_in_hand
),
grouped as (
  select
    found.second as created_at, found.entrypoint, found.priority, found.status, count(*)::int as count,
    (avg(greatest(0, extract(epoch from found.wait))) filter (where found.wait is not null) * 1000)::float8 as wait_ms,
    (array_agg(found.id order by found.id desc))[1:100]::text[] as ids,
    found.status not in ('queued', 'deferred', 'picked') as has_ended,
    max(found.id) as last_id
  from found
  group by found.second, found.entrypoint, found.priority, found.status
),
ranked as (
  select
    grouped.*,
    row_number() over (partition by grouped.has_ended order by grouped.created_at desc, grouped.last_id desc) as place
  from grouped
)
select
  ranked.created_at, ranked.entrypoint, ranked.priority, ranked.status, ranked.count, ranked.wait_ms, ranked.ids, ranked.has_ended,
  case ranked.status
    when 'picked' then not horizon.more_in_hand
    when 'failed' then horizon.held is null or ranked.created_at > horizon.held
    when 'queued' then horizon.open is null or ranked.created_at > horizon.open
    when 'deferred' then horizon.open is null or ranked.created_at > horizon.open
    else horizon.ended is null or ranked.created_at > horizon.ended
  end as complete
from ranked
cross join horizon
where ranked.place <= $1::int
order by ranked.created_at desc, ranked.last_id desc, ranked.status;
