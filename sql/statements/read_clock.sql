-- read_clock: what time it is by the database's clock.
-- Locks: none.   Index: none.
select clock_timestamp() as now;
