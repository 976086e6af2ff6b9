-- find_statuses: where jobs stand; a job in between two places has the status null, an unknown one no row.
--   $1 bigint[] jobs
-- Locks: none.   Index: job_pkey and the place tables' own.
select status.id, status.status from pgqueuer.job_status as status where status.job_id = any ($1::bigint[]);
