import type { JobRow } from "../../../ports/job-page-store.js"
import { EmptyState } from "../../components/empty-state.js"
import { Time } from "../../components/figures.js"
import { inOneLine } from "../../components/one-line.js"
import { StatusBadge } from "../../components/status-badge.js"
import { Table, type TableColumn } from "../../components/table.js"
import { href, type Site } from "../../site.js"

interface RecentFailuresProps {
  readonly name: string
  readonly failures: readonly JobRow[]
  readonly site: Site
}

/** Its newest jobs that failed for good. */
export function RecentFailures({ name, failures, site }: RecentFailuresProps) {
  return (
    <section aria-labelledby="failures-title">
      <h2 id="failures-title">
        Recent failures{" "}
        {failures.length === 0 ? null : (
          <small>
            <a href={href(site, "/jobs", { entrypoint: name, status: "exception" })}>all that ended</a>
            {" · "}
            <a href={href(site, "/jobs", { entrypoint: name, status: "failed" })}>all that are held</a>
          </small>
        )}
      </h2>
      {failures.length === 0 ? (
        <EmptyState title="No job of it failed">
          <p>Jobs that failed for good appear here.</p>
        </EmptyState>
      ) : (
        <Table columns={columnsFor(site)} rows={failures} />
      )}
    </section>
  )
}

function columnsFor(site: Site): readonly TableColumn<JobRow>[] {
  return [
    {
      head: "Job",
      class: "id",
      cell: ({ id }) => (
        <a href={href(site, `/jobs/${id}`)} data-open="">
          {id}
        </a>
      ),
    },
    { head: "Status", cell: ({ status }) => <StatusBadge status={status} /> },
    {
      head: "Error",
      class: "what",
      cell: (job) => <span class="error-text">{errorText(job, site)}</span>,
    },
    { head: "Attempt", right: true, class: "num", cell: ({ attempt }) => String(attempt) },
    { head: "When", cell: ({ finishedAt, createdAt }) => <Time at={finishedAt ?? createdAt} /> },
  ]
}

function errorText({ error, payload, headers }: JobRow, { redactor }: Site): string {
  const value = payload.kind === "json" ? payload.value : undefined
  // What is hidden in a payload that is too long for a list cannot be taken out of its error.
  if (redactor.active && payload.kind === "json" && value === undefined) return "open the job to see it"
  return inOneLine(redactor.text(error ?? "", [value, headers])) || "no message"
}
