import type { JobRow } from "../../../ports/job-page-store.js"
import { countText, Length, Time } from "../../components/figures.js"
import { inOneLine } from "../../components/one-line.js"
import { StatusBadge } from "../../components/status-badge.js"
import { Table, type TableColumn } from "../../components/table.js"
import { href, type Site } from "../../site.js"

interface JobsTableProps {
  readonly jobs: readonly JobRow[]
  readonly site: Site
  /** Milliseconds since 1970. */
  readonly now: number
}

export function JobsTable({ jobs, site, now }: JobsTableProps) {
  return <Table columns={columnsFor(site, now)} rows={jobs} />
}

function columnsFor(site: Site, now: number): readonly TableColumn<JobRow>[] {
  return [
    { head: "Status", cell: ({ status }) => <StatusBadge status={status} /> },
    {
      head: "Job",
      class: "id",
      cell: ({ id }) => (
        <a href={href(site, `/jobs/${id}`)} data-open="">
          {id}
        </a>
      ),
    },
    { head: "Entrypoint", class: "name", cell: ({ entrypoint }) => entrypoint },
    {
      head: "Priority",
      right: true,
      class: ({ priority }) => `num ${priority === 0 ? "none" : ""}`,
      cell: ({ priority }) => priority,
    },
    {
      head: "Attempt",
      right: true,
      class: ({ attempt }) => `num ${attempt === 1 ? "none" : ""}`,
      cell: ({ attempt }) => attempt,
    },
    { head: "Created", cell: ({ createdAt }) => <Time at={createdAt} /> },
    { head: "Ran", right: true, cell: (job) => <Length ms={ranMs(job, now)} /> },
    { head: "What", class: "what", cell: (job) => <What job={job} site={site} /> },
  ]
}

function ranMs({ status, startedAt, finishedAt }: JobRow, now: number): number | null {
  if (startedAt === null) return null
  if (status === "picked") return Math.max(0, now - startedAt.getTime())
  return finishedAt === null ? null : finishedAt.getTime() - startedAt.getTime()
}

/** The error of a job that has one, else its payload, in a line. */
function What({ job, site }: { readonly job: JobRow; readonly site: Site }) {
  const { redactor } = site
  const { payload, error, headers } = job
  const { value, text } = payload.kind === "json" ? payload : {}
  if (error !== null) {
    // What is hidden in a payload that is too long for a list cannot be taken out of its error.
    const isUnsafe = redactor.active && payload.kind === "json" && value === undefined
    if (isUnsafe) return <span class="error-text">an error: open the job to see it</span>
    return <span class="error-text">{inOneLine(redactor.text(error, [value, headers]))}</span>
  }
  if (payload.kind === "none") return <span class="none">no payload</span>
  if (payload.kind === "bytes") return <span class="none">{countText(payload.bytes)} bytes</span>
  if (text === undefined) return <span class="none">JSON of {countText(payload.bytes)} bytes</span>
  return <code>{inOneLine(redactor.json(text, 0))}</code>
}
