import type { Duration } from "../../domain/duration.js"
import type { Missed, Overlap } from "../../ports/schedule-store.js"

/** How the ticks of a schedule become runs. */
export interface ScheduleOptions {
  /** An IANA name, `"Europe/Oslo"`; default UTC. */
  readonly timezone?: string
  /**
   * What becomes of ticks at whose time no worker was there: `"once"` (default) runs once for all of them, at the newest; `"all"` runs each,
   * the newest 100 at most; `"skip"` none.
   */
  readonly missed?: Missed
  /**
   * What becomes of a tick while an earlier run is not over, or in the job form its job has not ended: `"skip"` (default) leaves it out,
   * `"queue"` lets it wait for the end, one at most, `"allow"` runs it beside.
   */
  readonly overlap?: Overlap
  /** Starts each tick up to so much later, always before the next one; default 0. The same tick is as late for all workers. */
  readonly jitter?: Duration
  /**
   * How long a run of a handler may take: then its signal aborts with the reason `timeout`, and the run has failed; default: as long as it
   * takes. That of a job stands beside its entrypoint.
   */
  readonly timeout?: Duration
}

/** The job that each tick enqueues. */
export interface JobSchedule {
  readonly entrypoint: string
  /** A JSON value, bytes (`Uint8Array`), or none. */
  readonly payload?: unknown
  /** A whole number from -2147483648 to 2147483647, higher first; default 0. */
  readonly priority?: number | undefined
  /** A plain object of at most 16 KiB as JSON. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  /** Runs at most so many times, 1 to 1,000,000; default: as the entrypoint's `retry` says. */
  readonly maxAttempts?: number | undefined
  /** How long one run may take; default: the entrypoint's `timeout`. */
  readonly timeout?: Duration | undefined
  /** A job that could not start within so long after its tick ends as `deleted`. */
  readonly expireAfter?: Duration | undefined
}
