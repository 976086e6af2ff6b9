import { durationText } from "../../../domain/duration-text.js"
import type { FailedAttempt, JobRecord } from "../../../domain/job.js"
import { Time } from "../../components/figures.js"

interface Moment {
  readonly at: Date
  readonly text: string
  readonly kind: "plain" | "bad" | "good" | "now" | "future"
}

/** Every move of the job that is known, with the time between. */
export function Timeline({
  job,
  failures,
  now,
}: {
  readonly job: JobRecord
  readonly failures: readonly FailedAttempt[]
  readonly now: Date
}) {
  const moments = momentsOf(job, failures, now)
  return (
    <section class="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      <ol class="timeline">
        {moments.map(({ at, text, kind }, index) => (
          <li class={kind}>
            <span class="moment">{text}</span>
            <Time at={at} as="exact" />
            <span class="gap">{gapText(moments[index - 1]?.at, at)}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

export function momentsOf(job: JobRecord, failures: readonly FailedAttempt[], now: Date): readonly Moment[] {
  const { createdAt, executeAfter, startedAt, finishedAt, status, attempt } = job
  const moments: Moment[] = [{ at: createdAt, text: "enqueued", kind: "plain" }]
  for (const failure of failures) {
    const by = failure.workerId === null ? "" : ` on worker ${failure.workerId}`
    moments.push({ at: failure.failedAt, text: `attempt ${failure.attempt} failed${by}`, kind: "bad" })
  }
  if (executeAfter !== null && executeAfter > createdAt) {
    const isAhead = status === "deferred" && executeAfter > now
    const text = attempt > 1 ? `attempt ${attempt} due` : "due"
    moments.push({ at: executeAfter, text, kind: isAhead ? "future" : "plain" })
  }
  if (startedAt !== null) {
    const by = job.worker === null ? "" : ` by worker ${job.worker.id}`
    const isNow = status === "picked"
    moments.push({ at: startedAt, text: `attempt ${attempt} taken${by}`, kind: isNow ? "now" : "plain" })
  }
  if (finishedAt !== null) {
    const text = status === "failed" ? "failed for good, held" : `ended as ${status}`
    moments.push({ at: finishedAt, text, kind: ends[status] ?? "plain" })
  }
  // What happened at the same time stays in the order above.
  return moments.sort((a, b) => a.at.getTime() - b.at.getTime())
}

const ends: { readonly [status: string]: Moment["kind"] } = { successful: "good", exception: "bad", failed: "bad" }

function gapText(before: Date | undefined, at: Date): string {
  return before === undefined ? "" : `+ ${durationText(Math.max(0, at.getTime() - before.getTime()))}`
}
