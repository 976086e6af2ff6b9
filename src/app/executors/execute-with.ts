import type { Job } from "../../domain/job.js"
import type { Clock, Random } from "../../ports/clock.js"
import type { Attempt, Executor } from "../../ports/executor.js"
import type { RunContext } from "../worker/job-context.js"
import type { Run } from "../worker/job-pool.js"

/** A handler that is run by an executor. */
export function executeWith(executor: Executor, handler: Run, clock: Clock, random: Random): Run {
  return (job: Job, context: RunContext<unknown, unknown>) =>
    executor.execute(() => handler(job, context), job, attemptOf(context, clock, random))
}

function attemptOf(context: RunContext<unknown, unknown>, clock: Clock, random: Random): Attempt {
  return {
    number: context.attempt,
    get signal() {
      return context.signal
    },
    get log() {
      return context.log
    },
    pause: (milliseconds) => pause(clock, milliseconds, context.signal),
    random,
  }
}

function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel()
      signal.removeEventListener("abort", end)
      resolve()
    }
    const timer = clock.after(Math.min(Math.ceil(milliseconds), longestTimerMs), end)
    signal.addEventListener("abort", end, { once: true })
  })
}

const longestTimerMs = 2_147_483_647
