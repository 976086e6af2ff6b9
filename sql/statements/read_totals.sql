-- read_totals: all that ended since ever, by entrypoint; and what is not merged yet, row by row. For metrics, which add the rows up: for a
-- statement that is asked every few seconds, taking histograms apart here costs more than all the rest of a scrape.
-- Locks: none.   Index: rollup_span_idx. Reads rollup_entry whole: some seconds' worth.
select
  entrypoint, successful::float8 as successful, exception::float8 as exception, failed::float8 as failed, canceled::float8 as canceled,
  deleted::float8 as deleted, retried::float8 as retried, rescued::float8 as rescued, run_ms, run_buckets::text as run_buckets,
  run_counts::text as run_counts, wait_ms, wait_buckets::text as wait_buckets, wait_counts::text as wait_counts
from pgqueuer.rollup as rollup
where span = 'ever' and entrypoint <> ''
union all
select
  entrypoint, successful::float8, exception::float8, failed::float8, canceled::float8, deleted::float8, retried::float8, rescued::float8,
  run_ms, run_buckets::text, run_counts::text, wait_ms, wait_buckets::text, wait_counts::text
from pgqueuer.rollup_entry as rollup_entry;
