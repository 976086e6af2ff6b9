import { EmptyState } from "../../components/empty-state.js"
import { Live } from "../../components/live.js"
import { href } from "../../site.js"
import { page } from "../page.js"
import { FilterBar } from "./filter-bar.js"
import { type JobsQuery, jobsParameters, readJobsQuery } from "./jobs-filter.js"
import { JobsTable } from "./jobs-table.js"

const pageSize = 50

export const jobsPage = page({
  path: "/jobs",
  title: () => "Jobs",
  async load({ site, query }) {
    const filter = readJobsQuery(query)
    const found = await site.queries.jobs({ ...filter, limit: pageSize + 1 })
    return { filter, jobs: found.slice(0, pageSize), more: found.length > pageSize, at: site.now() }
  },
  view({ filter, jobs, more, at }, { site }) {
    const last = jobs.at(-1)
    return (
      <>
        <div class="head">
          <h1>Jobs</h1>
        </div>
        <FilterBar filter={filter} site={site} />
        <Live id="jobs" calm>
          {jobs.length === 0 ? (
            <EmptyState title="No such job">
              <p>{isFiltered(filter) ? "Nothing matches this filter." : "Nothing was enqueued yet: pgq queue fetch"}</p>
            </EmptyState>
          ) : (
            <JobsTable jobs={jobs} site={site} now={at} />
          )}
          <nav class="pager" aria-label="Pages of the list">
            {filter.after === undefined ? null : (
              <a href={href(site, "/jobs", { ...jobsParameters(filter), after: undefined })}>Newest</a>
            )}
            {more && last !== undefined ? (
              <a
                class="button"
                rel="next"
                data-next=""
                href={href(site, "/jobs", { ...jobsParameters(filter), after: last.id })}
              >
                Older
              </a>
            ) : null}
          </nav>
        </Live>
      </>
    )
  },
})

function isFiltered(filter: JobsQuery): boolean {
  return Object.keys(filter).length > 0
}
