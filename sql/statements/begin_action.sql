-- begin_action: an action of a person is under way.
--   $1 text person   $2 text role   $3 text action   $4 text target
-- Locks: none.   Index: none.
insert into pgqueuer.audit (person, role, action, target)
values ($1::text, $2::text, $3::text, $4::text)
returning id::text as id;
