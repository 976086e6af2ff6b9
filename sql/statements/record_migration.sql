-- record_migration: this migration has been applied.
--   $1 int version   $2 int the oldest version of the code that it serves
insert into pgqueuer.migration (version, serves) values ($1::int, $2::int);
