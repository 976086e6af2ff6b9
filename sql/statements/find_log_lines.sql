-- find_log_lines: what the handlers of one job logged, oldest first.
--   $1 bigint job   $2 bigint  only those after this line, or null   $3 int  at most so many
-- Locks: none.   Index: log_line_job_idx.
select id::text as id, attempt, level, message, fields::text as fields, logged_at
from pgqueuer.log_line as log_line
where job_id = $1::bigint and id > coalesce($2::bigint, 0)
order by log_line.id
limit $3::int;
