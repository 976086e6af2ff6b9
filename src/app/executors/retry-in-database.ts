import type { Job } from "../../domain/job.js"
import {
  type ResolvedRetryPolicy,
  type RetryPolicy,
  resolveRetryPolicy,
  retryDelayMs,
} from "../../domain/retry-policy.js"
import { RetryRequested } from "../../domain/retry-requested.js"
import type { Attempt, Executor } from "../../ports/executor.js"

/**
 * Turns what a handler throws into a `RetryRequested` with a growing pause: the job waits in the database as `deferred`, holds no slot,
 * and any worker may run the next attempt. It does what the option `retry` does, as a strategy that can be shared and wrapped.
 *
 * A job's own `maxAttempts` wins over that of the executor when it is lower.
 */
export class RetryInDatabaseExecutor implements Executor {
  readonly #policy: ResolvedRetryPolicy

  /** @throws PgQueuerError `PGQ_OPTION_INVALID` */
  constructor(policy: RetryPolicy = {}) {
    this.#policy = resolveRetryPolicy("RetryInDatabaseExecutor", policy)
  }

  async execute(run: () => unknown, _job: Job, attempt: Attempt): Promise<unknown> {
    try {
      return await run()
    } catch (error) {
      if (error instanceof RetryRequested || attempt.signal.aborted || attempt.number >= this.#policy.maxAttempts)
        throw error
      throw new RetryRequested({ delay: retryDelayMs(this.#policy, attempt.number, attempt.random()), cause: error })
    }
  }
}
