-- list_ended: the entrypoints of which something ever ended, with how many jobs. Without histograms: for lists of thousands.
-- Locks: none.   Index: rollup_span_idx. What is not merged yet, some seconds' worth, is left out.
select entrypoint, (successful + exception + failed + canceled + deleted)::float8 as ended
from pgqueuer.rollup as rollup
where span = 'ever' and entrypoint <> '';
