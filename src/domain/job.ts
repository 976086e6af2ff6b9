import type { Status } from "./status.js"

/** A job as its handler gets it. */
export interface Job<P = unknown> {
  /** A whole number as a string: ids outgrow what a JavaScript number can hold. */
  readonly id: string
  readonly entrypoint: string
  /** As it was enqueued: a JSON value, bytes, or undefined when the job has none. */
  readonly payload: P
  readonly headers: Readonly<Record<string, unknown>>
  /** -2147483648 to 2147483647, higher first. */
  readonly priority: number
  /** Which run this is, from 1. Runs that were put back by a stop or a rescue are not counted. */
  readonly attempt: number
  readonly createdAt: Date
}

/** What the database knows of one job. */
export interface JobRecord extends Omit<Job, "attempt"> {
  readonly status: Status
  readonly attempt: number
  /** How often the job was taken from a worker that died. */
  readonly rescues: number
  /** When it may start, for deferred jobs and those that were. */
  readonly executeAfter: Date | null
  /** When it ends as `deleted` unless its first attempt has begun. */
  readonly expireAt: Date | null
  readonly dedupeKey: string | null
  /** Its own, which wins over the entrypoint's; null for none of its own. */
  readonly maxAttempts: number | null
  /** Its own, in milliseconds; null for none of its own. */
  readonly timeoutMs: number | null
  /** When a worker took it (while picked) or its last run began (once ended). */
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly worker: { readonly id: string; readonly host: string | null; readonly pid: number | null } | null
  /** Why it failed, in one line; each attempt's traceback is in `failures`. */
  readonly error: string | null
  /** What its handler returned, a JSON value; undefined for nothing, and until it is `successful`. */
  readonly result: unknown
  /** What its handler last gave to `context.progress`, a JSON value; undefined for nothing. */
  readonly progress: unknown
}

/** How far a job is, by its handler's own account. */
export interface JobProgress {
  readonly value: unknown
  readonly attempt: number
  readonly updatedAt: Date
}

/** What a handler logged about its job. */
export interface LogLine {
  /** Higher for later lines of a job: the `after` of the next page. */
  readonly id: string
  readonly attempt: number
  readonly level: "info" | "warn" | "error"
  /** Cut at 16 KiB. */
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly loggedAt: Date
}

export interface FailedAttempt {
  readonly attempt: number
  readonly failedAt: Date
  readonly workerId: string | null
  readonly error: string
  readonly traceback: string | null
}
