import type { JobRecord } from "../../../domain/job.js"
import { Length, Time } from "../../components/figures.js"
import { inOneLine } from "../../components/one-line.js"
import { StatusBadge } from "../../components/status-badge.js"
import { href, type Site } from "../../site.js"

interface JobsTableProps {
  readonly jobs: readonly JobRecord[]
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

function ranMs({ status, startedAt, finishedAt }: JobRecord, now: number): number | null {
  if (startedAt === null) return null
  if (status === "picked") return Math.max(0, now - startedAt.getTime())
  return finishedAt === null ? null : finishedAt.getTime() - startedAt.getTime()
}

/** The error of a job that has one, else its payload, in a line. */
function What({ job, site }: { readonly job: JobRecord; readonly site: Site }) {
  const { redactor } = site
  if (job.error !== null) {
    return <span class="error-text">{inOneLine(redactor.text(job.error, [job.payload, job.headers]))}</span>
  }
  if (job.payload === undefined) return <span class="none">no payload</span>
  if (job.payload instanceof Uint8Array) return <span class="none">{job.payload.byteLength} bytes</span>
  return <code>{inOneLine(JSON.stringify(redactor.value(job.payload)))}</code>
}
