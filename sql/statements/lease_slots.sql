-- lease_slots: lend slots of limited entrypoints to a worker, or take them back, and reserve the times of its next starts.
--   $1 bigint  worker
-- One element an entrypoint:
--   $2 text[] entrypoint   $3 int[] jobs of it that the worker holds: its slots cover them, whatever the limit
--   $4 int[] slots that it could fill now   $5 int[] those that it could fill soon: it gets half of what is left
--   $6 int[] slots that it does not use   $7 int[] at least so many of these it gives back; all that are over the limit go back anyway
--   $8 int[] starts that it could make   $9 int[] of these: for jobs that it holds already
--   $10 float8  ms ahead of now, from where on no start is reserved   $11 text  channel to notify of slots that are free again
-- Answers for each: the lease and its slots, how many all workers together have over the limit, and how many starts begin in how many ms,
-- how far apart; where none was free, when to ask again.
-- Locks: the gates, in the order of their names, before it reads the clock.   Index: gate_pkey, entrypoint_pkey, lease_entrypoint_worker_id_key.
with request as materialized (
  select * from unnest($2::text[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[])
    as request (entrypoint, held, needed, ahead, spare, returned, starts, waiting)
),
locked as materialized (
  select entrypoint, lent, next_start_at
  from pgqueuer.gate as gate
  where entrypoint = any ($2::text[])
    and exists (select from pgqueuer.worker as worker where worker.id = $1::bigint and stopped_at is null)
  order by entrypoint
  for update
),
moment as materialized (
  select clock_timestamp() as now, count(*) as gates from locked
),
standing as materialized (
  select
    locked.entrypoint, locked.lent, locked.next_start_at, request.held, request.needed, request.ahead, request.spare, request.returned,
    request.starts, request.waiting, lease.id as lease_id, coalesce(lease.slots, 0) as had,
    case when rule.concurrency_limit_is_set then rule.set_concurrency_limit else rule.code_concurrency_limit end as most,
    case when rule.requests_per_second_is_set then rule.set_requests_per_second else rule.code_requests_per_second end as per_second
  from locked
  join request on request.entrypoint = locked.entrypoint
  left join pgqueuer.entrypoint as rule on rule.name = locked.entrypoint
  left join pgqueuer.lease as lease on lease.entrypoint = locked.entrypoint and lease.worker_id = $1::bigint
),
covered as materialized (
  select *, greatest(had, held) as base, lent + greatest(held - had, 0) as lent_now from standing
),
shrunk as materialized (
  select *, least(spare, greatest(returned, lent_now - most)) as back from covered
),
fitted as materialized (
  select *, greatest(most - (lent_now - back), 0) as free from shrunk
),
given as materialized (
  select
    *,
    case
      when most is null then 0
      when returned > 0 then base - back
      else base - back + least(needed, free) + least(ahead, (free - least(needed, free)) / 2)
    end as slots
  from fitted
),
timed as materialized (
  select
    given.*,
    -- A time that lies further ahead was reserved under a lower rate.
    least(greatest(extract(epoch from next_start_at - moment.now)::float8 * 1000, 0), $10::float8 + 1000 / per_second) as wait_ms,
    next_start_at > moment.now + ($10::float8 + 1000 / per_second) * interval '1 millisecond' as too_far,
    case when most is null then starts else least(starts, waiting + greatest(slots - base + spare, 0)) end as wanted
  from given cross join moment
),
paced as materialized (
  select
    *,
    case
      when per_second is null then null
      when wait_ms > $10::float8 then 0
      else least(wanted, greatest(1, floor(($10::float8 - wait_ms) * per_second / 1000)::int))
    end as reserved
  from timed
),
moved as (
  update pgqueuer.gate as gate
  set
    lent = gate.lent + paced.slots - paced.had,
    next_start_at = case
      when coalesce(paced.reserved, 0) = 0 and paced.too_far is not true then gate.next_start_at
      else moment.now + (paced.wait_ms + 1000 * paced.reserved / paced.per_second) * interval '1 millisecond'
    end
  from paced cross join moment
  where gate.entrypoint = paced.entrypoint and (paced.slots <> paced.had or paced.reserved > 0 or paced.too_far)
),
leased as (
  insert into pgqueuer.lease (entrypoint, worker_id, slots)
  select entrypoint, $1::bigint, slots from paced where lease_id is null or slots <> had order by entrypoint
  on conflict (entrypoint, worker_id) do update set slots = excluded.slots
  returning id, entrypoint
),
freed as materialized (
  select json_agg(entrypoint)::text as names, count(*) as entrypoints from paced where slots < had
)
select
  paced.entrypoint,
  coalesce(leased.id, paced.lease_id)::text as lease,
  paced.slots,
  greatest(paced.lent + paced.slots - paced.had - paced.most, 0) as over,
  coalesce(paced.reserved, 0) as starts,
  paced.wait_ms as first_in_ms,
  1000 / paced.per_second as apart_ms,
  case when paced.reserved = 0 and paced.wanted > 0 then greatest(paced.wait_ms - $10::float8 / 2, 1) end as again_in_ms,
  case when freed.entrypoints > 0 and row_number() over () = 1
    then pg_notify($11::text, json_build_object('entrypoints', '[]'::json, 'freed', case when freed.entrypoints > 16 then 'true' else freed.names end::json)::text)
  end as notified
from paced
cross join freed
left join leased on leased.entrypoint = paced.entrypoint;
