import type { Child } from "hono/jsx"
import type { JobRecord } from "../../../domain/job.js"
import { Length, Time } from "../../components/figures.js"
import { href, type Site } from "../../site.js"

/** What is known of a job in a word or two each. */
export function Facts({ job, site }: { readonly job: JobRecord; readonly site: Site }) {
  const { worker } = job
  const trace = traceIdOf(job.headers)
  return (
    <dl class="facts card">
      <Fact name="Entrypoint">
        <a href={href(site, "/jobs", { entrypoint: job.entrypoint })}>{job.entrypoint}</a>
      </Fact>
      <Fact name="Priority">{job.priority}</Fact>
      <Fact name="Attempt">{job.attempt}</Fact>
      {job.rescues === 0 ? null : <Fact name="Rescues">{job.rescues}</Fact>}
      <Fact name="Created">
        <Time at={job.createdAt} as="exact" />
      </Fact>
      {job.executeAfter === null ? null : (
        <Fact name="Not before">
          <Time at={job.executeAfter} as="exact" />
        </Fact>
      )}
      {job.startedAt === null ? null : (
        <Fact name="Started">
          <Time at={job.startedAt} as="exact" />
        </Fact>
      )}
      {job.finishedAt === null ? null : (
        <Fact name="Finished">
          <Time at={job.finishedAt} as="exact" />
        </Fact>
      )}
      {job.startedAt === null || job.finishedAt === null ? null : (
        <Fact name="Ran">
          <Length ms={job.finishedAt.getTime() - job.startedAt.getTime()} />
        </Fact>
      )}
      {worker === null ? null : (
        <Fact name="Worker">
          {worker.id}
          {worker.host === null ? null : (
            <span class="none">
              {" "}
              pid {worker.pid} on {worker.host}
            </span>
          )}
        </Fact>
      )}
      {trace === undefined ? null : (
        <Fact name="Trace">
          <code class="wrap">{trace}</code>
        </Fact>
      )}
    </dl>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** Of the W3C's `traceparent`, or of Sentry's `sentry-trace`. */
function traceIdOf(headers: Readonly<Record<string, unknown>>): string | undefined {
  const text = [headers["traceparent"], headers["sentry-trace"]].find((value) => typeof value === "string")
  return /(?:^|-)([0-9a-f]{32})(?:-|$)/.exec((text as string | undefined) ?? "")?.[1]
}
