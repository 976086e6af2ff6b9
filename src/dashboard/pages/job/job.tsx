import type { Explanation } from "../../../app/explain.js"
import { isFinal } from "../../../domain/status.js"
import type { StoredText } from "../../../ports/job-page-store.js"
import { Live } from "../../components/live.js"
import { StatusBadge } from "../../components/status-badge.js"
import { shownCharacters, ValueView } from "../../components/value-view.js"
import { NotThere } from "../../not-there.js"
import { href } from "../../site.js"
import { page } from "../page.js"
import { Attempts } from "./attempts.js"
import { Facts } from "./facts.js"
import { JobActions } from "./job-actions.js"
import { Log } from "./log.js"
import { Progress } from "./progress.js"
import { Timeline } from "./timeline.js"

const mostLogLines = 500

export const jobPage = page({
  path: "/jobs/:id",
  title: ({ job }) => `Job ${job.id}`,
  async load({ site, params }) {
    const id = params["id"]!
    const job = /^\d{1,18}$/.test(id) ? await site.queries.job(id) : undefined
    if (job === undefined) {
      throw new NotThere(`There is no job ${id}: it was never enqueued here, or its history has been removed.`)
    }
    const [texts, failures, log, explanation] = await Promise.all([
      site.jobPages.readValues(id, shownCharacters),
      site.queries.failures(id),
      site.queries.logs(id, { limit: mostLogLines }),
      isFinal(job.status) ? undefined : site.queries.explain(id),
    ])
    return { job, texts, failures, log, explanation, at: new Date(site.now()) }
  },
  view({ job, texts, failures, log, explanation, at }, viewing) {
    const { site } = viewing
    const { redactor } = site
    const secrets = [job.payload, job.headers, job.result]
    const values = (["payload", "result", "headers"] as const).flatMap((part) => {
      const value = part === "payload" && job.payload instanceof Uint8Array ? job.payload : texts[part]
      return value === undefined || isEmpty(value) ? [] : [{ part, value }]
    })
    return (
      <>
        <Live id="job-head">
          <div class="head">
            <h1>
              <a class="crumb" href={href(site, "/jobs")}>
                Jobs
              </a>
              <span class="id">{job.id}</span>
            </h1>
            <StatusBadge status={job.status} />
            <JobActions job={job} viewing={viewing} />
          </div>
          <Reasons explanation={explanation} text={(text) => redactor.text(text, secrets)} />
        </Live>
        <div class="columns">
          <div class="main-column">
            <Live id="progress">
              <Progress value={redactor.value(job.progress)} />
            </Live>
            <Live id="timeline">
              <Timeline job={job} failures={failures} now={at} />
            </Live>
            <Live id="attempts" calm>
              <Attempts failures={failures} text={(text) => redactor.text(text, secrets)} />
            </Live>
            {values.map(({ part, value }) => (
              <Live id={part} calm>
                <section class="card" aria-labelledby={`${part}-title`}>
                  <h2 id={`${part}-title`}>{titles[part]}</h2>
                  <ValueView value={value} redactor={redactor} whole={href(site, `/jobs/${job.id}/${part}`)} />
                </section>
              </Live>
            ))}
            <Live id="log" calm>
              <Log lines={log} most={mostLogLines} redactor={redactor} secrets={secrets} />
            </Live>
          </div>
          <Live id="facts">
            <Facts job={job} site={site} />
          </Live>
        </div>
      </>
    )
  },
})

interface ReasonsProps {
  readonly explanation: Explanation | undefined
  readonly text: (text: string) => string
}

/** Why it is not running, or where it is. */
function Reasons({ explanation, text }: ReasonsProps) {
  if (explanation === undefined || explanation.reasons.length === 0) return null
  return (
    <ul class="reasons">
      {explanation.reasons.map((reason) => (
        <li>{text(reason.text)}</li>
      ))}
    </ul>
  )
}

const titles = { payload: "Payload", result: "Result", headers: "Headers" } as const

/** Headers of nothing. */
function isEmpty(value: StoredText | Uint8Array): boolean {
  return !(value instanceof Uint8Array) && /^\{\s*\}$/.test(value.text)
}
