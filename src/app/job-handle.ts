import type { EndStatus } from "../domain/status.js"
import type { ActionResult } from "./job-actions.js"
import type { WaitForOptions } from "./tracking/wait-for-options.js"

/** A job that was enqueued, here or in another process, and what can be asked of it. Making one asks nothing of the database. */
export interface JobHandle<Result = unknown> {
  readonly id: string
  readonly entrypoint: string
  /**
   * How the job ends, as soon as it has.
   *
   * @throws PgQueuerError as `waitFor` of a `CompletionWatcher`: `PGQ_JOB_UNKNOWN` while the transaction that enqueued it is open
   */
  wait(options?: WaitForOptions): Promise<EndStatus>
  /**
   * What the handler returned, as soon as the job has ended.
   *
   * @throws PgQueuerError `PGQ_JOB_NOT_SUCCESSFUL` with the status and the error when the job ended otherwise;
   * `PGQ_RESULT_INVALID` when the result does not fit the output schema of this process; and as `wait`
   */
  result(options?: WaitForOptions): Promise<Result>
  /** As `cancel` of `Queries`, for this job. */
  cancel(): Promise<ActionResult>
}

/** What a handle asks. */
export interface JobHandleParts {
  watcher(): {
    waitFor(id: string, options?: WaitForOptions): Promise<EndStatus>
    result(id: string, options?: WaitForOptions): Promise<unknown>
  }
  cancel(id: string): Promise<ActionResult[]>
}

export function makeJobHandle<Result>(entrypoint: string, id: string, parts: JobHandleParts): JobHandle<Result> {
  return {
    id,
    entrypoint,
    wait: async (options) => parts.watcher().waitFor(id, options),
    result: async (options) => (await parts.watcher().result(id, options)) as Result,
    cancel: async () => (await parts.cancel(id))[0]!,
  }
}
