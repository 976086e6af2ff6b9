import type { Missed, Overlap, ScheduleRunStatus } from "./schedule-store.js"

/** What the database knows of a schedule. */
export interface ScheduleRecord {
  readonly name: string
  readonly expression: string
  readonly timezone: string
  readonly missed: Missed
  readonly overlap: Overlap
  readonly jitterMs: number
  /** The entrypoint of the job that each tick enqueues; null where it runs a handler. */
  readonly entrypoint: string | null
  readonly paused: boolean
  /** No running worker has code for it: nothing will start it. */
  readonly orphaned: boolean
  /** How many running workers have code for it. */
  readonly workers: number
  /** How many of its runs wait to be started. */
  readonly waiting: number
  /** The tick of the newest run that was started. */
  readonly lastExecution: Date | null
  /** The next tick; null while it is paused, and for an expression that cannot be read. */
  readonly nextExecution: Date | null
  /** The newest run, or the newest tick that was left out; null before the first. */
  readonly lastRun: ScheduleRunRecord | null
}

/** One run of a schedule, or a tick that was left out. */
export interface ScheduleRunRecord {
  readonly id: string
  /** The time that it was due; for a run by hand, when it was asked for. */
  readonly tick: Date
  /** Of the handler. A tick that enqueued a job has `enqueued`, and how the job ended is in `job`. */
  readonly status: ScheduleRunStatus
  readonly attempt: number
  /** Somebody triggered it. */
  readonly byHand: boolean
  readonly workerId: string | null
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  /** Why it failed or was left out, in one line. */
  readonly error: string | null
  /** The job that it enqueued; `status` is null until that has ended, and once its history was pruned. */
  readonly job: {
    readonly id: string
    readonly status: string | null
    readonly finishedAt: Date | null
    readonly error: string | null
  } | null
}

/** Schedules as people see and change them. */
export interface ScheduleRecords {
  /** By the database's clock. */
  now(): Promise<Date>
  /** All there are. */
  names(): Promise<readonly { readonly name: string; readonly orphaned: boolean }[]>
  /** By name; null for all. */
  list(names: readonly string[] | null): Promise<readonly StoredScheduleRecord[]>
  /** Newest first. */
  runs(name: string, after: string | null, limit: number): Promise<readonly ScheduleRunRecord[]>
  /** Answers with the names that were changed. */
  setPaused(names: readonly string[], paused: boolean): Promise<readonly string[]>
  /** Answers with the runs that will be. */
  trigger(names: readonly string[]): Promise<readonly { readonly name: string; readonly runId: string }[]>
  /** Answers with the names that were removed. */
  remove(names: readonly string[]): Promise<readonly string[]>
}

/** With the tick as it is stored, and the time by the database's clock. */
export interface StoredScheduleRecord extends Omit<ScheduleRecord, "nextExecution"> {
  readonly nextRun: Date | null
  readonly now: Date
}
