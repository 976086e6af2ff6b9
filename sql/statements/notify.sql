-- notify: wake the workers.
--   $1 text channel   $2 text payload
select pg_notify($1::text, $2::text);
