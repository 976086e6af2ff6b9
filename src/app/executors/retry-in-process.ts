import type { Job } from "../../domain/job.js"
import {
  type ResolvedRetryPolicy,
  type RetryPolicy,
  resolveRetryPolicy,
  retryDelayMs,
} from "../../domain/retry-policy.js"
import { RetryRequested } from "../../domain/retry-requested.js"
import type { Attempt, Executor } from "../../ports/executor.js"
import { logEvent } from "../../ports/logger.js"

/**
 * Calls a handler that throws again, in the same process and within the same attempt, with growing pauses: for trouble that passes
 * within seconds. The job keeps its slot meanwhile, only the last error is recorded, and after a crash the count begins anew.
 *
 * By default 5 calls with pauses of 0.1, 0.2, 0.4 and 0.8 s and a `maxDelay` of 10 s. It stops when the signal aborts; `RetryRequested`
 * goes through at once.
 */
export class RetryInProcessExecutor implements Executor {
  readonly #policy: ResolvedRetryPolicy

  /** @throws PgQueuerError `PGQ_OPTION_INVALID` */
  constructor(policy: RetryPolicy = {}) {
    this.#policy = resolveRetryPolicy("RetryInProcessExecutor", policy, { initialDelay: 100, maxDelay: 10_000 })
  }

  async execute(run: () => unknown, _job: Job, attempt: Attempt): Promise<unknown> {
    for (let calls = 1; ; calls++) {
      try {
        return await run()
      } catch (error) {
        if (calls >= this.#policy.maxAttempts || error instanceof RetryRequested || attempt.signal.aborted) throw error
        const delayMs = retryDelayMs(this.#policy, calls, attempt.random())
        logEvent(attempt.log, "job.called-again", "the handler failed and will be called again", {
          calls,
          delayMs: Math.round(delayMs),
          error,
        })
        await attempt.pause(delayMs)
        if (attempt.signal.aborted) throw error
      }
    }
  }
}
