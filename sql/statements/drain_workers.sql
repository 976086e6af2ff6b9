-- drain_workers: ask workers to take nothing more and to end; and tell them. Answers for each id with what it is.
--   $1 bigint[] workers   $2 text channel
-- Locks: the workers' rows, in order.   Index: worker_pkey.
with locked as materialized (
  select worker.id
  from pgqueuer.worker as worker
  where worker.id = any ($1::bigint[]) and worker.stopped_at is null
  order by worker.id
  for update
),
asked as (
  update pgqueuer.worker as worker
  set drain_requested_at = coalesce(worker.drain_requested_at, clock_timestamp())
  from locked
  where worker.id = locked.id
  returning worker.id
)
select
  given.id::text as id,
  asked.id is not null as asked,
  worker.id is not null as known,
  case when row_number() over (order by asked.id) = 1 and asked.id is not null
    then pg_notify($2::text, '{"entrypoints":[],"drain":true}')
  end as notified
from unnest($1::bigint[]) as given (id)
left join asked on asked.id = given.id
left join pgqueuer.worker as worker on worker.id = given.id
order by asked.id;
