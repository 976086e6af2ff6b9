import type { Spread } from "../../domain/histogram.js"
import type { EntrypointLimits, WorkerRecord } from "../../ports/operation-store.js"
import type { Count } from "../../ports/rollup-store.js"

/** How the queue stands, and how it went lately. */
export interface Figures {
  /** When it was read, as this host takes it. */
  readonly readAt: Date
  /** Over all entrypoints. */
  readonly depth: Depths
  /** Of the jobs that may run; null when none waits. */
  readonly oldestWaitMs: number | null
  /** Ends a second: since the reading before, or at first over the last whole minute. */
  readonly endedPerSecond: number
  readonly lastHour: Ends
  /** Of the last whole minute. */
  readonly lastMinute: { readonly run: Spread; readonly wait: Spread }
  /** One value a minute over the last hour, the newest last; null where nobody measured. */
  readonly trends: {
    readonly ended: Trend
    readonly queued: Trend
    readonly oldestWaitMs: Trend
  }
  /** Those with most jobs first. */
  readonly entrypoints: readonly EntrypointFigures[]
  /** Those that run or hold jobs, newest first. */
  readonly workers: readonly WorkerRecord[]
}

export type Trend = readonly (number | null)[]

/** What is unfinished, by status. */
export interface Depths {
  readonly queued: Count
  readonly deferred: Count
  readonly picked: Count
  /** Held for a decision. */
  readonly failed: Count
}

export interface Ends {
  readonly ended: number
  /** Of these, those that failed for good. */
  readonly errors: number
  readonly retried: number
}

export interface Activity extends Ends {
  readonly run: Spread
  readonly wait: Spread
}

export interface EntrypointFigures {
  readonly entrypoint: string
  readonly depth: Depths
  readonly oldestWaitMs: number | null
  readonly lastHour: Activity
  /** Undefined where there are neither settings nor jobs in hand nor a running worker. */
  readonly limits: EntrypointLimits | undefined
}
