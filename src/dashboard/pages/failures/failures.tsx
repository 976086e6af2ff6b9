import { type FailureGroup, groupFailures } from "../../../app/failure-groups.js"
import { EmptyState } from "../../components/empty-state.js"
import { Time } from "../../components/figures.js"
import { Live } from "../../components/live.js"
import { inOneLine } from "../../components/one-line.js"
import { Amount, Table, type TableColumn } from "../../components/table.js"
import { latestFailures } from "../../readings/shared.js"
import { href, type Site } from "../../site.js"
import { page } from "../page.js"

export const failuresPage = page({
  path: "/failures",
  title: () => "Failures",
  async load({ site }) {
    const jobs = await latestFailures(site)
    return { looked: jobs.length, groups: groupFailures(jobs) }
  },
  view({ looked, groups }, { site }) {
    return (
      <>
        <div class="head">
          <h1>Failures</h1>
        </div>
        <Live id="failures" calm>
          {groups.length === 0 ? (
            <EmptyState title="No job failed">
              <p>Jobs that failed for good appear here, those with the same error together.</p>
            </EmptyState>
          ) : (
            <>
              <p class="hint">
                The newest {looked.toLocaleString("en")} jobs that failed for good, by error.{" "}
                <a href={href(site, "/jobs", { status: "failed" })}>All that are held</a>
                {" · "}
                <a href={href(site, "/jobs", { status: "exception" })}>all that ended</a>
              </p>
              <Table columns={columnsFor(site)} rows={groups} />
            </>
          )}
        </Live>
      </>
    )
  },
})

function columnsFor(site: Site): readonly TableColumn<FailureGroup>[] {
  return [
    {
      head: "Error",
      class: "what",
      cell: ({ error }) => <span class="error-text">{inOneLine(site.redactor.text(error)) || "no message"}</span>,
    },
    { head: "Jobs", right: true, cell: ({ count }) => <Amount count={count} /> },
    { head: "Held", right: true, cell: ({ held }) => <Amount count={held} /> },
    { head: "Entrypoints", class: "name", cell: ({ entrypoints }) => entrypoints.join(", ") },
    { head: "Last", cell: ({ lastAt }) => (lastAt === null ? <span class="none">–</span> : <Time at={lastAt} />) },
    {
      head: "Examples",
      class: "id",
      cell: ({ ids }) => (
        <>
          {ids.map((id, index) => (
            <>
              {index === 0 ? "" : " "}
              <a href={href(site, `/jobs/${id}`)} {...(index === 0 ? { "data-open": "" } : {})}>
                {id}
              </a>
            </>
          ))}
        </>
      ),
    },
  ]
}
