import type { NewJob } from "./job-store.js"

/** What becomes of ticks at whose time no worker was there: none, one run for all of them, or one for each (the newest 100). */
export type Missed = "skip" | "once" | "all"

/** What becomes of a tick while an earlier run of its schedule is not over: left out, kept waiting (one at most), or run beside it. */
export type Overlap = "skip" | "queue" | "allow"

/**
 * `waiting`: to be started by any worker that has code for the schedule · `running`: by a worker's handler · `enqueued`: as a job, whose outcome
 * says how it ended · `successful`, `exception`: how the handler ended · `lost`: its worker died; it is run again under a new id ·
 * `skipped`: left out, `error` says why.
 */
export type ScheduleRunStatus = "waiting" | "running" | "enqueued" | "successful" | "exception" | "lost" | "skipped"

/** What the code of a worker says of a schedule. */
export interface CodeSchedule {
  readonly name: string
  readonly expression: string
  readonly timezone: string
  readonly missed: Missed
  readonly overlap: Overlap
  readonly jitterMs: number
  /** Null: the tick runs a handler. */
  readonly job: ScheduledJob | null
  /** The first tick, should the entry be new or its times be others than before. */
  readonly nextRun: Date
}

/** The job that each tick enqueues. */
export interface ScheduledJob
  extends Pick<NewJob, "entrypoint" | "priority" | "payload" | "headers" | "maxAttempts" | "timeoutMs"> {
  readonly expireMs: number | null
}

/** A schedule's row as workers go by it. It may have been edited by hand: nothing in it is certain. */
export interface StoredSchedule {
  readonly name: string
  readonly expression: string
  readonly timezone: string
  readonly missed: string
  readonly overlap: string
  readonly jitterMs: number
  /** Null: the tick runs a handler. */
  readonly entrypoint: string | null
  readonly paused: boolean
  /** The next tick that nobody has started; null: to be worked out. */
  readonly nextRun: Date | null
  /** Changes with every change that is not a tick. */
  readonly revision: string
  /** There are runs that wait. */
  readonly waiting: boolean
}
