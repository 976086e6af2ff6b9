-- list_actions: what was done, the newest first.
--   $1 bigint only ids below this, or null   $2 int at most so many   $3 text only of this person, or null   $4 text only this action, or null
-- Locks: none.   Index: audit_pkey.
select id::text as id, at, person, role, action, target, done, result, finished_at
from pgqueuer.audit as audit
where ($1::bigint is null or id < $1::bigint)
  and ($3::text is null or person = $3::text)
  and ($4::text is null or action = $4::text)
order by id desc
limit $2::int;
