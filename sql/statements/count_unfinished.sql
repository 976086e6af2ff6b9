-- count_unfinished: the exact number of unfinished jobs by entrypoint and status.
-- Locks: none.   Reads ready, deferred, claim and held whole.
select entrypoint, 'queued' as status, count(*)::float8 as count from pgqueuer.ready as ready group by entrypoint
union all
select entrypoint, 'deferred', count(*)::float8 from pgqueuer.deferred as deferred group by entrypoint
union all
select entrypoint, 'picked', sum(cardinality(job_ids))::float8 from pgqueuer.claim as claim group by entrypoint
union all
select entrypoint, 'failed', count(*)::float8 from pgqueuer.held as held group by entrypoint
order by 1, 2;
