import type { CronExpression } from "../../domain/cron-expression.js"
import type { Logger } from "../../ports/logger.js"
import type { CodeSchedule } from "../../ports/schedule-store.js"
import type { Tracing } from "../../ports/tracing.js"

/** One run of a schedule, as its handler sees it. */
export interface Schedule {
  readonly name: string
  /** The time for which it runs, by the expression. */
  readonly tick: Date
  /** The tick of the run before this one; undefined for the first. */
  readonly lastExecution: Date | undefined
  /** The tick after this one; undefined when it is not known, because the schedule was changed in between. */
  readonly nextExecution: Date | undefined
}

/** What a schedule's handler gets beside it. `Q` is what it enqueues with, `R` the resources. */
export interface ScheduleContext<Q, R> {
  /** Aborted with a `JobStopped` (`timeout`, `shutdown` or `lease-lost`) when the handler should stop. */
  readonly signal: AbortSignal
  /** Which run of this tick it is, from 1: a tick whose worker died is run again. */
  readonly attempt: number
  /** What was given to the worker as `resources`. */
  readonly resources: R
  /** The worker's logger with the schedule's name and the tick. */
  readonly log: Logger
  readonly queries: Q
}

/** Runs at each tick. What it throws is recorded with the run; the next tick comes all the same. */
export type ScheduleHandler<Q, R> = (schedule: Schedule, context: ScheduleContext<Q, R>) => unknown

/** A schedule that the code of a worker registers, checked. */
export interface ScheduleEntry {
  readonly definition: Omit<CodeSchedule, "nextRun"> & { readonly cron: CronExpression }
  /** Undefined: each tick enqueues a job. */
  readonly handler: ScheduleHandler<unknown, unknown> | undefined
  /** Of the handler. */
  readonly timeoutMs: number | null
}

/** What all handlers of a worker get. */
export interface ScheduleSurroundings {
  readonly resources: unknown
  readonly queries: unknown
  readonly log: Logger
  readonly tracing: Tracing | undefined
}
