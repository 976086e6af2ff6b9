-- take_turn: of all workers, one at a time removes old history. Who takes the turn also removes what dead watchers left behind.
--   $1 text duty   $2 float8 ms until the next turn   $3 boolean this worker has the turn, and keeps it
-- Locks: the duty's row, old watchers.   Index: upkeep_pkey. Reads watcher whole.
with taken as (
  update pgqueuer.upkeep as upkeep
  set due_at = now() + $2::float8 * interval '1 millisecond'
  where duty = $1::text and ($3::boolean or due_at <= now())
  returning duty
),
forgotten as (
  delete from pgqueuer.watcher as watcher
  where ctid = any (array(
    select ctid
    from pgqueuer.watcher as watcher
    where exists (select from taken) and seen_at < now() - interval '1 hour'
    for update skip locked
  ))
)
select exists (select from taken) as taken;
