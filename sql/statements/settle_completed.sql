-- settle_completed: learn what became of the transactions in which handlers have ended their jobs, and take those that are committed out of
-- their claims. Answers with `ended`, `undone` (rolled back), `lost` (the claim is another's), or null: ask again.
-- One element a job:
--   $1 bigint[] worker   $2 bigint[] claim   $3 bigint[] job   $4 bigint[] transaction, null when its reply was lost
--   $5 bigint[] those of the jobs that have a dedupe key
-- Locks: the claims, never waits.   Index: claim_pkey, outcome_pkey, dedupe_job_idx.
--
-- A transaction that had ended before this statement's snapshot was taken has its outcome in it, or never had one. Where the transaction
-- is not known, its lock on the claim tells.
with asked as materialized (
  select
    worker_id, token, job_id,
    txid_visible_in_snapshot(transaction, txid_current_snapshot()) as is_over
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as asked (worker_id, token, job_id, transaction)
),
locked as materialized (
  select id, worker_id, job_ids, seqs, ranks, attempts
  from pgqueuer.claim as claim
  where id = any ($2::bigint[])
  order by id
  for no key update skip locked
),
unused as materialized (
  select id
  from pgqueuer.claim as claim
  where id = any (array(select token from asked where is_over is null))
  order by id
  for update skip locked
),
standing as materialized (
  select
    asked.token, asked.job_id, locked.id is not null as is_locked,
    case
      when locked.id is not null then locked.worker_id = asked.worker_id and asked.job_id = any (locked.job_ids)
      else exists (
        select from pgqueuer.claim as claim
        where claim.id = asked.token and claim.worker_id = asked.worker_id and asked.job_id = any (claim.job_ids)
      )
    end as is_held,
    outcome.job_id is not null and outcome.worker_id = asked.worker_id as is_ended,
    coalesce(asked.is_over, asked.token in (select id from unused)) as is_over
  from asked
  left join locked on locked.id = asked.token
  left join pgqueuer.outcome as outcome on outcome.job_id = asked.job_id
),
leaving as materialized (
  select token, job_id from standing where is_locked and is_held and is_ended
),
rest as materialized (
  select
    locked.id as token,
    array_agg(member.job_id order by member.place) filter (where leaving.job_id is null) as job_ids,
    array_agg(member.seq order by member.place) filter (where leaving.job_id is null) as seqs,
    array_agg(member.rank order by member.place) filter (where leaving.job_id is null) as ranks,
    array_agg(member.attempt order by member.place) filter (where leaving.job_id is null) as attempts
  from locked
  cross join lateral unnest(locked.job_ids, locked.seqs, locked.ranks, locked.attempts)
    with ordinality as member (job_id, seq, rank, attempt, place)
  left join leaving on leaving.token = locked.id and leaving.job_id = member.job_id
  where locked.id in (select token from leaving)
  group by locked.id
),
vacant as materialized (
  select id
  from pgqueuer.claim as claim
  where id = any (array(select token from rest where job_ids is null))
  order by id
  for update skip locked
),
emptied as (
  delete from pgqueuer.claim as claim where id = any (array(select id from vacant))
),
shrunk as (
  update pgqueuer.claim as claim
  set job_ids = rest.job_ids, seqs = rest.seqs, ranks = rest.ranks, attempts = rest.attempts
  from rest
  where claim.id = any (array(select token from rest where job_ids is not null)) and rest.token = claim.id
),
left_claim as materialized (
  select token, job_id
  from leaving
  where token in (select id from vacant) or token in (select token from rest where job_ids is not null)
),
freed as (
  delete from pgqueuer.dedupe as dedupe
  where ctid = any (array(
    select ctid
    from pgqueuer.dedupe as dedupe
    where job_id = any ($5::bigint[]) and job_id in (select job_id from left_claim)
    for update skip locked
  ))
)
select
  standing.job_id::text as id,
  case
    when left_claim.job_id is not null then 'ended'
    when standing.is_held and standing.is_ended then null
    when standing.is_held then case when standing.is_over then 'undone' end
    when standing.is_ended then 'ended'
    else 'lost'
  end as verdict
from standing
left join left_claim on left_claim.token = standing.token and left_claim.job_id = standing.job_id;
