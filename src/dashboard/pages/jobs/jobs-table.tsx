import type { JobRow } from "../../../ports/job-page-store.js"
import { countText, Length, Time } from "../../components/figures.js"
import { inOneLine } from "../../components/one-line.js"
import { StatusBadge } from "../../components/status-badge.js"
import { href, type Site } from "../../site.js"

interface JobsTableProps {
  readonly jobs: readonly JobRow[]
  readonly site: Site
  /** Milliseconds since 1970. */
  readonly now: number
}

export function JobsTable({ jobs, site, now }: JobsTableProps) {
  return (
    <div class="scroll">
      <table class="table jobs">
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Job</th>
            <th scope="col">Entrypoint</th>
            <th scope="col" class="r">
              Priority
            </th>
            <th scope="col" class="r">
              Attempt
            </th>
            <th scope="col">Created</th>
            <th scope="col" class="r">
              Ran
            </th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr data-row="">
              <td>
                <StatusBadge status={job.status} />
              </td>
              <td class="id">
                <a href={href(site, `/jobs/${job.id}`)} data-open="">
                  {job.id}
                </a>
              </td>
              <td class="name">{job.entrypoint}</td>
              <td class={`r num ${job.priority === 0 ? "none" : ""}`}>{job.priority}</td>
              <td class={`r num ${job.attempt === 1 ? "none" : ""}`}>{job.attempt}</td>
              <td>
                <Time at={job.createdAt} />
              </td>
              <td class="r">
                <Length ms={ranMs(job, now)} />
              </td>
              <td class="what">
                <What job={job} site={site} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
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
  const value = payload.kind === "json" ? payload.value : undefined
  if (error !== null) {
    // What is hidden in a payload that is too long for a list cannot be taken out of its error.
    const isUnsafe = redactor.active && payload.kind === "json" && value === undefined
    if (isUnsafe) return <span class="error-text">an error: open the job to see it</span>
    return <span class="error-text">{inOneLine(redactor.text(error, [value, headers]))}</span>
  }
  if (payload.kind === "none") return <span class="none">no payload</span>
  if (payload.kind === "bytes") return <span class="none">{countText(payload.bytes)} bytes</span>
  if (value === undefined) return <span class="none">JSON of {countText(payload.bytes)} bytes</span>
  return <code>{inOneLine(JSON.stringify(redactor.value(value)))}</code>
}
