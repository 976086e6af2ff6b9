import type { Job } from "../domain/job.js"
import type { Status } from "../domain/status.js"

/**
 * Hears of every call that enqueues and of every run of a job, and joins them into traces through the jobs' headers.
 * What it throws harms nothing: it is logged, and the call or the run goes on without a trace.
 */
export interface Tracing {
  /** A call is about to write jobs. */
  startEnqueue(call: EnqueueCall): EnqueueTrace
  /** A run of a job is about to begin. The span that is active then has nothing to do with it: the job's headers have. */
  startRun(run: StartedRun): RunTrace
  /** The handler of a schedule is about to run, on its own account: nothing that is active then has to do with it. Default: not traced. */
  startTick?(tick: StartedTick): RunTrace
}

/** A call of `enqueue` or `enqueueMany`. */
export interface EnqueueCall {
  readonly jobs: readonly EnqueuedJob[]
  /** Many jobs in one call, be it only one this time. */
  readonly batch: boolean
  /**
   * The name of the schedule that enqueues its jobs, on its own account: nothing that is active then has to do with it. Undefined: the
   * application calls.
   */
  readonly schedule?: string
}

export interface EnqueuedJob {
  readonly entrypoint: string
  /** As the caller gave them. */
  readonly headers: Readonly<Record<string, unknown>> | undefined
  /** The size of the payload as it is stored. */
  readonly payloadBytes: number
}

export interface StartedRun {
  readonly job: Job
  /** The job's headers as they are stored: jobs of a batch often have the same. */
  readonly headersText: string | null
  /** The size of the payload as it is stored. */
  readonly payloadBytes: number
}

export interface StartedTick {
  /** The name of the schedule. */
  readonly schedule: string
  /** The time for which it runs. */
  readonly tick: Date
  /** Which run of this tick it is, from 1. */
  readonly attempt: number
}

/** Something that is being traced. */
interface Traced<End> {
  /** Calls the work with the span as the active one, and answers with what it gives: a value, a promise, an error that it throws. */
  call<T>(work: () => T): T
  /** It is over. Called once. */
  end(how: End): void
}

export interface EnqueueTrace extends Traced<EnqueueEnd> {
  /**
   * Added to the headers of each job, where there is room for it. A job whose own headers have one of these (or more) keeps them as
   * they are and gets none; `baggage` alone does not count.
   */
  readonly headers: Readonly<Record<string, string>>
}

export type RunTrace = Traced<RunEnd>

export type EnqueueEnd =
  /**
   * Null for jobs that were left out. Empty when a schedule had nothing to enqueue after all, as when another worker was quicker: then it
   * should leave no trace.
   */
  { readonly ids: readonly (string | null)[] } | { readonly error: unknown }

export interface RunEnd {
  /**
   * What became of the job: `deferred` when it is run again after a pause, `queued` when it was put back and is run again as if
   * this run had not been, `lease-lost` when the job is another worker's by now.
   */
  readonly status: Exclude<Status, "picked" | "deleted"> | "lease-lost"
  /** What the handler threw, or why else the attempt has failed; undefined when it has not. */
  readonly error?: unknown
}
