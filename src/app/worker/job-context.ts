import type { Logger } from "../../ports/logger.js"

/** Why a handler's signal was aborted: the value of `signal.reason.reason`. */
export type StopReason = keyof typeof explanations

const explanations = {
  canceled: "the job was canceled",
  timeout: "the job took longer than its timeout",
  "lease-lost": "this worker lost its claim on the job, which may be running elsewhere",
  shutdown: "the worker is stopping and its time is up; the job will be run again",
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
  /** The worker's logger with the job's id and entrypoint. */
  readonly log: Logger
  /** Enqueues and looks at jobs on the worker's driver. */
  readonly queries: Q
}

interface Parts<Q, R> {
  readonly attempt: number
  readonly resources: R
  readonly queries: Q
  readonly log: () => Logger
}

/** The context of one run. Signal and logger are made when first used: most handlers of short jobs use neither. */
export class RunContext<Q, R> implements JobContext<Q, R> {
  readonly attempt: number
  readonly resources: R
  readonly queries: Q
  readonly #makeLog: () => Logger
  #log: Logger | undefined
  #controller: AbortController | undefined
  #stopped: JobStopped | undefined

  constructor({ attempt, resources, queries, log }: Parts<Q, R>) {
    this.attempt = attempt
    this.resources = resources
    this.queries = queries
    this.#makeLog = log
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#stopped !== undefined) this.#controller.abort(this.#stopped)
    }
    return this.#controller.signal
  }

  get log(): Logger {
    this.#log ??= this.#makeLog()
    return this.#log
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
