import type { Job } from "../../domain/job.js"
import { encodeProgress } from "../../domain/payload.js"
import type { Logger } from "../../ports/logger.js"
import type { Completion } from "./completion.js"
import { endedBefore } from "./completion-errors.js"
import { jobLogger } from "./job-logger.js"
import type { Notes } from "./notes.js"

/** Why a handler's signal was aborted: the value of `signal.reason.reason`. */
export type StopReason = keyof typeof explanations

const explanations = {
  canceled: "the job was canceled",
  timeout: "the run took longer than its timeout",
  "lease-lost": "this worker lost its claim on the work, which may be running elsewhere",
  shutdown: "the worker is stopping and its time is up; the work will be done again",
} as const

/** The reason of an aborted signal; thrown on by most APIs that take a signal. */
export class JobStopped extends Error {
  override readonly name = "JobStopped"
  readonly reason: StopReason

  constructor(reason: StopReason) {
    super(explanations[reason])
    this.reason = reason
  }
}

/** What a handler gets beside its job. `Q` is what it enqueues with. */
export interface JobContext<Q, R> {
  /** Aborted with a `JobStopped` when the handler should stop. */
  readonly signal: AbortSignal
  /** Which run this is, from 1. */
  readonly attempt: number
  /** What was given to `PgQueuer` as `resources`. */
  readonly resources: R
  /** The worker's logger with the job's id and entrypoint. Lines from `info` up are kept with the job: `queries.logs(id)`. */
  readonly log: Logger
  /**
   * Says how far the job is: any JSON value of at most 16 KiB, for `queries.progress(id)`. Cheap to call often: the last value is
   * written twice a second at most, and before the job's end.
   *
   * @throws PgQueuerError `PGQ_PAYLOAD_INVALID`, `PGQ_PAYLOAD_TOO_LARGE`
   */
  readonly progress: (value: unknown) => void
  /** Enqueues and looks at jobs on the worker's driver. */
  readonly queries: Q
  /**
   * Ends the job as `successful` within a transaction of the handler's own: what the handler wrote in it and the job's end are
   * committed together, or not at all. Call it last, then commit; what the handler returns does not count any more.
   *
   * Rolled back, the attempt has failed with `PGQ_COMPLETE_ROLLED_BACK`, unless the handler throws an error of its own.
   *
   * @param transaction - a client of the worker's driver's kind with an open transaction
   * @param result - JSON, at most `maxPayloadBytes`; kept with the outcome
   * @throws JobStopped `canceled` when the job was canceled before; PgQueuerError `PGQ_LEASE_LOST` when this worker does not hold
   * it any more; `PGQ_JOB_ENDED` for a second call, or one after the handler's end; `PGQ_RESULT_INVALID`, `PGQ_DRIVER_CLOSED`
   * for a client without a transaction, `PGQ_UNSUPPORTED`, and what the server refuses. Roll back then.
   */
  complete(transaction: unknown, result?: unknown): Promise<void>
}

interface Parts<Q, R> {
  readonly job: Job
  readonly resources: R
  readonly queries: Q
  /** The worker's. */
  readonly log: Logger
  readonly notes: Notes
}

/** The context of one run. Signal, logger and the like are made when first used: most handlers of short jobs use none. */
export class RunContext<Q, R> implements JobContext<Q, R> {
  readonly attempt: number
  readonly resources: R
  readonly queries: Q
  readonly #parts: Parts<Q, R>
  #log: Logger | undefined
  #controller: AbortController | undefined
  #stopped: JobStopped | undefined
  #makeCompletion: (() => Completion) | undefined
  #closed = false
  /** @internal */
  completion: Completion | undefined

  constructor(parts: Parts<Q, R>) {
    this.attempt = parts.job.attempt
    this.resources = parts.resources
    this.queries = parts.queries
    this.#parts = parts
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#stopped !== undefined) this.#controller.abort(this.#stopped)
    }
    return this.#controller.signal
  }

  get log(): Logger {
    this.#log ??= jobLogger(this.#parts.log, this.#parts.job, this.#parts.notes)
    return this.#log
  }

  /** A function that can be taken out of the context. */
  get progress(): (value: unknown) => void {
    const { job, notes } = this.#parts
    return (value) => {
      const json = encodeProgress(value)
      // Another worker may be at this job by now.
      if (this.stopReason === "lease-lost") return
      notes.progress({ jobId: job.id, attempt: job.attempt, json })
    }
  }

  async complete(transaction: unknown, result?: unknown): Promise<void> {
    if (this.#closed || this.#makeCompletion === undefined) throw endedBefore()
    this.completion ??= this.#makeCompletion()
    await this.completion.complete(transaction, result)
  }

  /** @internal */
  completeWith(makeCompletion: () => Completion): void {
    this.#makeCompletion = makeCompletion
  }

  /** @internal The run is over: from here on nothing can complete it. */
  close(): void {
    this.#closed = true
  }

  /** @internal The first reason stays. */
  stop(reason: StopReason): void {
    if (this.#stopped !== undefined) return
    this.#stopped = new JobStopped(reason)
    this.#controller?.abort(this.#stopped)
  }

  /** @internal */
  get stopReason(): StopReason | undefined {
    return this.#stopped?.reason
  }
}
