import type { Job } from "../../domain/job.js"
import type { LogEvent } from "../../domain/log-events.js"
import { type LogFields, type Logger, logEvent } from "../../ports/logger.js"
import type { ClaimedJob, Report } from "../../ports/worker-store.js"

/** More of a payload is cut off. */
const longestPayload = 2_000

export interface JobLogOptions {
  /** Lines about jobs have the payload, too. */
  readonly payloads: boolean
}

/** What a worker logs about each of its jobs: nothing but a look at a flag while all goes well and nobody asked for `debug`. */
export class JobLog {
  readonly #log: Logger
  readonly #isDetailed: boolean
  readonly #payloads: boolean

  constructor(log: Logger, { payloads }: JobLogOptions) {
    this.#log = log
    this.#isDetailed = log.isLevelEnabled?.("debug") ?? true
    this.#payloads = payloads
  }

  started(job: Job): void {
    if (this.#isDetailed) this.#write("job.started", "the job started", job, this.#payloadOf(job))
  }

  /** @param error - what the handler threw, or why the job failed otherwise */
  ended(job: Job, report: Report, error: unknown): void {
    const { status } = report
    if (status === "successful" && !this.#isDetailed) return
    const { event, message } = endings[status]
    this.#write(event, message, job, {
      runMs: Math.round(report.runMs ?? 0),
      ...(status === "deferred" ? { delayMs: Math.round(report.delayMs) } : {}),
      ...(status === "failed" || status === "exception" ? { status } : {}),
      ...(status === "canceled" || error === undefined ? {} : { error }),
      ...this.#payloadOf(job),
    })
  }

  lost(job: Job): void {
    this.#write("job.lost", "this worker lost its claim on the job, which may be running elsewhere", job)
  }

  expired(claim: ClaimedJob): void {
    this.#write("job.expired", "the job could not start in time", claim)
  }

  /** Its row cannot be read. */
  unreadable(claim: ClaimedJob, error: unknown): void {
    this.#write("job.failed", "the job cannot be read", claim, { status: "exception", error })
  }

  #payloadOf({ payload }: Job): LogFields {
    return this.#payloads ? { payload: shown(payload) } : {}
  }

  #write(event: LogEvent, message: string, job: Job | ClaimedJob, fields: LogFields = {}): void {
    const { id, entrypoint, attempt } = job
    logEvent(this.#log, event, message, { job: id, entrypoint, attempt, ...fields })
  }
}

const endings: { readonly [S in Report["status"]]: { readonly event: LogEvent; readonly message: string } } = {
  successful: { event: "job.succeeded", message: "the job succeeded" },
  exception: { event: "job.failed", message: "the job failed" },
  failed: { event: "job.failed", message: "the job failed and is held for a decision" },
  deferred: { event: "job.retried", message: "the job failed and will be run again" },
  canceled: { event: "job.canceled", message: "the job was canceled" },
  deleted: { event: "job.expired", message: "the job could not start in time" },
  queued: { event: "job.released", message: "the job was put back into line" },
}

function shown(payload: unknown): unknown {
  if (payload instanceof Uint8Array) return `${payload.byteLength} bytes`
  const json = JSON.stringify(payload)
  return json !== undefined && json.length > longestPayload ? `${json.slice(0, longestPayload)}…` : payload
}
