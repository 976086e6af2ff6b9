-- prune_runs: remove the history of schedules that is old enough, but of each schedule the newest run.
--   $1 text[] statuses   $2 float8[] the age at which each goes, in ms since the end, null for never   $3 int at most so many of each
-- Locks: what it removes, never waits.   Index: schedule_run_ended_idx, schedule_run_name_idx.
with rule as materialized (
  select status, now() - age_ms * interval '1 millisecond' as before
  from unnest($1::text[], $2::float8[]) as rule (status, age_ms)
  where age_ms is not null
),
removed as (
  delete from pgqueuer.schedule_run as run
  where id = any (array(
    select old.id
    from rule
    cross join lateral (
      select run.id
      from pgqueuer.schedule_run as run
      where run.status = rule.status and run.finished_at is not null and run.finished_at <= rule.before
        and run.id <> (select last.id from pgqueuer.schedule_run as last where last.schedule = run.schedule order by last.id desc limit 1)
      order by run.finished_at
      limit $3::int
      for update skip locked
    ) as old
  ))
  returning id
)
select count(*)::int as count from removed;
