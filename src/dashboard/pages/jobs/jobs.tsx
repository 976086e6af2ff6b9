import { EmptyState } from "../../components/empty-state.js"
import { countText } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { Tabs } from "../../components/tabs.js"
import { findJobPage, type JobPage } from "../../readings/job-page.js"
import { href, type Site } from "../../site.js"
import { page } from "../page.js"
import { BulkBar } from "./bulk-bar.js"
import { FilterBar } from "./filter-bar.js"
import { isFiltered, type JobsFilter, jobsParameters, readJobsFilter } from "./jobs-filter.js"
import { JobsTable } from "./jobs-table.js"

const pageSize = 50

export const jobsPage = page({
  path: "/jobs",
  title: () => "Jobs",
  async load({ site, query }) {
    const filter = readJobsFilter(query)
    return { filter, found: await findJobPage(site, filter, pageSize), at: site.now() }
  },
  view({ filter, found, at }, viewing) {
    const { site } = viewing
    return (
      <>
        <div class="head">
          <h1>Jobs</h1>
          <Tabs
            label="Order"
            tabs={(["newest", "oldest"] as const).map((order) => ({
              label: order === "newest" ? "Newest first" : "Oldest first",
              href: href(site, "/jobs", jobsParameters({ ...filter, order })),
              current: filter.order === order,
            }))}
          />
        </div>
        <FilterBar filter={filter} site={site} />
        <ErrorHint filter={filter} site={site} />
        <BulkBar filter={filter} viewing={viewing} />
        <Live id="jobs" calm>
          {found.jobs.length === 0 ? <NoJobs filter={filter} found={found} /> : null}
          {found.jobs.length === 0 ? null : <JobsTable jobs={found.jobs} site={site} now={at} />}
          <Pager filter={filter} found={found} site={site} />
        </Live>
      </>
    )
  },
})

/** A kind of error is in the address alone, where nobody can read it. */
function ErrorHint({ filter, site }: { readonly filter: JobsFilter; readonly site: Site }) {
  const { error, ...others } = filter
  if (error === undefined) return null
  return (
    <p class="hint">
      Only jobs with the same kind of error. <a href={href(site, "/jobs", jobsParameters(others))}>Any error</a>
    </p>
  )
}

interface FoundProps {
  readonly filter: JobsFilter
  readonly found: JobPage
}

function NoJobs({ filter, found }: FoundProps) {
  if (found.looked !== null)
    return <EmptyState title="None found so far">{lookedText(filter, found.looked)}</EmptyState>
  if (filter.after !== undefined)
    return <EmptyState title="That was all">There is nothing behind this page.</EmptyState>
  return (
    <EmptyState title="No such job">
      <p>{isFiltered(filter) ? "Nothing matches this filter." : "Nothing was enqueued yet: pgq queue fetch"}</p>
    </EmptyState>
  )
}

function Pager({ filter, found, site }: FoundProps & { readonly site: Site }) {
  const parameters = jobsParameters(filter)
  return (
    <nav class="pager" aria-label="Pages of the list">
      {found.looked === null || found.jobs.length === 0 ? null : (
        <span class="none">{lookedText(filter, found.looked)}</span>
      )}
      {filter.after === undefined ? null : <a href={href(site, "/jobs", parameters)}>First page</a>}
      {found.next === null ? null : (
        <a class="button" rel="next" data-next="" href={href(site, "/jobs", { ...parameters, after: found.next })}>
          {found.looked === null ? "Next page" : "Go on looking"}
        </a>
      )}
    </nav>
  )
}

function lookedText({ order, text, error, after }: JobsFilter, looked: number): string {
  const which = after === undefined ? `the ${order} ${countText(looked)}` : `the next ${countText(looked)}`
  return `Looked through ${which} ${text === undefined && error === undefined ? "jobs" : "jobs that match the other filters"}; there are more.`
}
