-- plan_schedules: write the next tick of entries that have none, because they are resumed or were edited by hand.
--   $1 text[] names   $2 bigint[] revisions   $3 timestamptz[] ticks
-- Locks: their rows, in order.   Index: schedule_pkey.
with given as materialized (
  select * from unnest($1::text[], $2::bigint[], $3::timestamptz[]) as given (name, revision, next_run)
),
locked as materialized (
  select schedule.name, given.next_run
  from pgqueuer.schedule as schedule
  join given on given.name = schedule.name
  where schedule.next_run is null and schedule.revision = given.revision
  order by schedule.name
  for update of schedule
)
update pgqueuer.schedule as schedule
set next_run = locked.next_run
from locked
where schedule.name = locked.name;
