import type { Job } from "../../domain/job.js"
import type { Logger } from "../../ports/logger.js"
import type { RunTrace, StartedRun, Tracing } from "../../ports/tracing.js"
import type { ClaimedJob } from "../../ports/worker-store.js"
import { guardedRunTrace } from "./guarded-trace.js"
import { payloadBytes } from "./trace-enqueue.js"

/** Starts the traces of runs. */
export function traceRuns(tracing: Tracing, log: Logger) {
  return (job: Job, claim: ClaimedJob): RunTrace | undefined =>
    guardedRunTrace(tracing, new ClaimedRun(job, claim), log)
}

class ClaimedRun implements StartedRun {
  readonly job: Job
  readonly #claim: ClaimedJob

  constructor(job: Job, claim: ClaimedJob) {
    this.job = job
    this.#claim = claim
  }

  get headersText(): string | null {
    return this.#claim.headers
  }

  /** Not every tracing asks for it, and counting takes time. */
  get payloadBytes(): number {
    return payloadBytes(this.#claim.payload, this.#claim.payloadBytes)
  }
}
