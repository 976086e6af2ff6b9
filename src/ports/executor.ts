import type { Job } from "../domain/job.js"
import type { Logger } from "./logger.js"

/**
 * The strategy that runs the handler of an entrypoint. What it returns or throws, at once or as a promise, is what becomes of the
 * attempt, as if the handler had done so: a result, an error, a `RetryRequested`. It must settle only when the handler has ended.
 *
 * One that has `Symbol.asyncDispose` is disposed when the worker has stopped, and may be used again after that.
 */
export interface Executor {
  /** @param run - runs the handler of this job; may be called several times, or not at all */
  execute(run: () => unknown, job: Job, attempt: Attempt): unknown
}

/** One attempt of a job, as an executor sees it. */
export interface Attempt {
  /** Which run this is, from 1. */
  readonly number: number
  /** Aborted with a `JobStopped` when the handler should stop. */
  readonly signal: AbortSignal
  /** The worker's logger with the job's id and entrypoint. */
  readonly log: Logger
  /** Resolves after so many milliseconds, or as soon as the signal aborts. */
  pause(milliseconds: number): Promise<void>
  /** A number from 0 (included) to 1 (not), for jitter. */
  random(): number
}
