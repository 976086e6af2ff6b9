-- Every unfinished job stands in exactly one of ready, deferred, claim and held; an ended job has one outcome and stands nowhere else.
-- A recorded outcome wins over a claim that still names the job: that is the one pair that may be seen.
-- Answers with one row for each breach of it; none is right. `pgqueuer.` stands for schema and prefix, as in sql/.
with place as (
  select job_id, 'ready' as name from pgqueuer.ready
  union all
  select job_id, 'deferred' from pgqueuer.deferred
  union all
  select member.job_id, 'claim' from pgqueuer.claim as claim cross join lateral unnest(claim.job_ids) as member (job_id)
  union all
  select job_id, 'held' from pgqueuer.held
),
standing as (
  select job_id, count(*) as places, string_agg(name, ', ' order by name) as names from place group by job_id
),
breach as (
  select job.id as job_id, 'stands nowhere' as problem
  from pgqueuer.job as job
  where not exists (select from place where place.job_id = job.id)
    and not exists (select from pgqueuer.outcome as outcome where outcome.job_id = job.id)
  union all
  select standing.job_id, 'stands in ' || standing.names
  from standing
  where standing.places > 1
  union all
  select standing.job_id, 'ended as ' || outcome.status || ', and stands in ' || standing.names
  from standing
  join pgqueuer.outcome as outcome on outcome.job_id = standing.job_id
  where standing.names <> 'claim'
  union all
  select standing.job_id, 'stands in ' || standing.names || ', and is no job'
  from standing
  where not exists (select from pgqueuer.job as job where job.id = standing.job_id)
  union all
  select outcome.job_id, 'has an outcome, and is no job'
  from pgqueuer.outcome as outcome
  where not exists (select from pgqueuer.job as job where job.id = outcome.job_id)
  union all
  select outcome.job_id, 'ended as ' || outcome.status
  from pgqueuer.outcome as outcome
  where outcome.status not in ('successful', 'exception', 'canceled', 'deleted')
  union all
  select null, 'claim ' || claim.id || ' has arrays of different lengths, none or more than 100'
  from pgqueuer.claim as claim
  where cardinality(claim.job_ids) not between 1 and 100
    or cardinality(claim.job_ids) <> cardinality(claim.seqs)
    or cardinality(claim.job_ids) <> cardinality(claim.ranks)
    or cardinality(claim.job_ids) <> cardinality(claim.attempts)
)
select job_id::text as job_id, problem from breach order by breach.job_id, problem
