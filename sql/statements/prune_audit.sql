-- prune_audit: remove what people did so long ago that nobody asks for it any more.
--   $1 float8 the age at which it goes, in ms   $2 int at most so many
-- Locks: what it removes.   Index: audit_at_idx.
with removed as (
  delete from pgqueuer.audit as audit
  where id = any (array(
    select old.id
    from pgqueuer.audit as old
    where old.at <= now() - $1::float8 * interval '1 millisecond'
    order by old.at
    limit $2::int
  ))
  returning id
)
select count(*)::int as count from removed;
