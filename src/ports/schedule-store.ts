import type { NewJob } from "./job-store.js"

/** What becomes of ticks at whose time no worker was there: none, one run for all of them, or one for each (the newest 100). */
export type Missed = (typeof missedModes)[number]

export const missedModes = ["skip", "once", "all"] as const

/** What becomes of a tick while an earlier run of its schedule is not over: left out, kept waiting (one at most), or run beside it. */
export type Overlap = (typeof overlapModes)[number]

export const overlapModes = ["skip", "queue", "allow"] as const

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
  readonly maxAttempts: number | null
  readonly timeoutMs: number | null
  readonly expireMs: number | null
  /** JSON of its jobs' headers. */
  readonly headers: string | null
  readonly paused: boolean
  /** The next tick that nobody has started; null: to be worked out. */
  readonly nextRun: Date | null
  /** Changes with every change that is not a tick. */
  readonly revision: string
  /** There are runs that wait. */
  readonly waiting: boolean
}

/** What a worker wants to start: all ticks of one schedule that are due. */
export interface TickRequest {
  readonly name: string
  readonly revision: string
  /** The tick at which the row stands, by what this worker knows. */
  readonly expected: Date
  /** From when it may start. */
  readonly due: Date
  /** The tick to stand at then. */
  readonly following: Date
  readonly ticks: readonly TickWish[]
  /** JSON for its jobs; null: as they are stored. */
  readonly headers: string | null
}

/** A schedule of which a worker wants to start what waits. */
export interface WaitingRequest {
  readonly name: string
  /** JSON for its jobs, where its row still has this revision; null: as they are stored. */
  readonly headers: string | null
  readonly revision: string
}

/** `run`: as `overlap` allows · `wait`: until nothing runs · `skip`: leave it out, for that reason. */
export type TickWish =
  | { readonly tick: Date; readonly wish: "run" | "wait" }
  | { readonly tick: Date; readonly wish: "skip"; readonly reason: string }

/** A run that was started, or a tick that was not. */
export interface StartedRun {
  readonly id: string
  readonly name: string
  readonly tick: Date
  readonly status: ScheduleRunStatus
  readonly previousTick: Date | null
  readonly attempt: number
  /** The job that it enqueued. */
  readonly jobId: string | null
}

/** A schedule as it was before a start. */
export interface SeenSchedule {
  readonly name: string
  /** False: there is no row of this name. */
  readonly known: boolean
  readonly nextRun: Date | null
  readonly revision: string | null
  /** It was this worker's turn. */
  readonly taken: boolean
}

export interface TicksReply {
  /** By the database's clock, ms since 1970. */
  readonly now: number
  /** False: this worker was declared dead, and nothing was started. */
  readonly alive: boolean
  readonly schedules: readonly SeenSchedule[]
  readonly runs: readonly StartedRun[]
}

export interface WaitingReply {
  readonly now: number
  readonly alive: boolean
  readonly moreWait: boolean
  readonly runs: readonly StartedRun[]
}

/** How a handler ended. */
export interface RunEnd {
  readonly id: string
  readonly status: "successful" | "exception"
  /** By the clock of this process. */
  readonly endedAt: number
  readonly error: string | null
  readonly traceback: string | null
}

/** A run whose worker died. */
interface RescuedRun {
  readonly name: string
  readonly tick: Date
  readonly attempt: number
  /** It is run again; false: that was tried too often. */
  readonly again: boolean
}

/** What a worker does with schedules. Each call is one statement and one transaction. */
export interface ScheduleStore {
  /** The rows that there are of these names, and the time by the database's clock in ms since 1970. */
  read(names: readonly string[]): Promise<{ readonly now: number; readonly schedules: readonly StoredSchedule[] }>
  /** Writes what the code says; answers with the entries that were there and said something else. */
  register(
    schedules: readonly CodeSchedule[],
  ): Promise<readonly { readonly name: string; readonly expression: string; readonly timezone: string }[]>
  /** Writes the next tick of entries without one. */
  plan(entries: readonly { readonly name: string; readonly revision: string; readonly nextRun: Date }[]): Promise<void>
  startTicks(workerId: string, requests: readonly TickRequest[]): Promise<TicksReply>
  startWaiting(workerId: string, requests: readonly WaitingRequest[], limit: number): Promise<WaitingReply>
  /**
   * @param now - by the clock of this process, for the age of the ends
   * @returns the runs whose end was recorded (others are not this worker's any more), and whether other runs waited for that
   */
  finish(
    workerId: string,
    ends: readonly RunEnd[],
    now: number,
  ): Promise<{ readonly recorded: readonly string[]; readonly othersWait: boolean }>
  /** Runs that are not over: others run them again. */
  release(workerId: string, runIds: readonly string[]): Promise<void>
  /** Those of this worker's runs that it does not know: others run them. Answers with their ids. */
  releaseUnknown(workerId: string, known: readonly string[]): Promise<readonly string[]>
  /** Lets the runs of dead workers be run again, at most so often. */
  rescue(mostRescues: number): Promise<readonly RescuedRun[]>
}
