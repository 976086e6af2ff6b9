-- stop_claimed: ask the workers that hold jobs to stop them; answers with the jobs that are marked now.
--   $1 bigint[] jobs   $2 text  channel to notify
-- Locks: the claims that hold them, in the order of their ids; waits for exchanges that are at them.
-- Index: claim_pkey, outcome_pkey; claim is read whole, which is as long as what all workers hold.
--
-- Marks are made from the locked claim's own ids: what has left it since is looked for again by the caller. The notification names no
-- jobs, so that it is as short for thousands; workers read the marks of their claims with the next heartbeat, which it hastens.
with target as materialized (
  select distinct job_id from unnest($1::bigint[]) as target (job_id)
),
holder as materialized (
  select distinct claim.id
  from pgqueuer.claim as claim
  cross join lateral unnest(claim.job_ids) as member (job_id)
  join target on target.job_id = member.job_id
),
locked as materialized (
  select id, job_ids, stop_ids
  from pgqueuer.claim as claim
  where id = any (array(select id from holder))
  order by id
  for no key update
),
found as materialized (
  select locked.id as token, member.job_id, member.job_id = any (locked.stop_ids) as was_marked
  from locked
  cross join lateral unnest(locked.job_ids) as member (job_id)
  join target on target.job_id = member.job_id
  where not exists (select from pgqueuer.outcome as outcome where outcome.job_id = member.job_id)
),
marked as (
  update pgqueuer.claim as claim
  set stop_ids = claim.stop_ids || added.job_ids
  from (select token, array_agg(job_id) as job_ids from found where not was_marked group by token) as added
  where claim.id = added.token
)
select
  job_id::text as id,
  case when row_number() over () = 1 then pg_notify($2::text, '{"entrypoints":[],"cancel":true}') end as notified
from found;
