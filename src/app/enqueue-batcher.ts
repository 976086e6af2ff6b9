import { hasCode, isAboutTheData, PgQueuerError } from "../domain/errors.js"
import type { NewJob, ProducerStore } from "../ports/job-store.js"
import type { WakeThrottle } from "./wake-throttle.js"

/** More rows in one statement gain nothing and make everybody in it wait. */
const mostJobsInBatch = 1_000

interface Call {
  readonly jobs: readonly NewJob[]
  readonly resolve: (ids: string[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes jobs for all callers of one driver. Calls that come while a statement is under way share the next one;
 * each resolves when its own rows are committed, and a bad row fails its own call alone.
 */
export class EnqueueBatcher {
  readonly #store: ProducerStore
  readonly #throttle: WakeThrottle
  #waiting: Call[] = []
  #busy = false

  constructor(store: ProducerStore, throttle: WakeThrottle) {
    this.#store = store
    this.#throttle = throttle
  }

  /** A single job, sharing its statement with others. */
  enqueueOne(job: NewJob): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ jobs: [job], resolve, reject })
      if (!this.#busy) void this.#drain()
    })
  }

  /** Many jobs in a statement of their own, all or nothing. */
  async enqueueAll(jobs: readonly NewJob[]): Promise<string[]> {
    const notify = this.#throttle.admit()
    try {
      const { ids, wakeUp } = await this.#store.enqueue(jobs, notify ? "exact" : "none")
      if (!notify) this.#throttle.withhold(wakeUp)
      return [...ids]
    } catch (error) {
      throw unknownOutcome(error)
    }
  }

  async #drain(): Promise<void> {
    this.#busy = true
    while (this.#waiting.length > 0) {
      const calls = this.#waiting.splice(0, mostJobsInBatch)
      await this.#write(calls)
    }
    this.#busy = false
  }

  async #write(calls: readonly Call[]): Promise<void> {
    try {
      const ids = await this.enqueueAll(calls.flatMap((call) => call.jobs))
      calls.forEach((call, index) => {
        call.resolve([ids[index]!])
      })
    } catch (error) {
      if (calls.length === 1 || !isAboutTheData(error)) {
        for (const call of calls) call.reject(error)
        return
      }
      const half = calls.length >> 1
      await this.#write(calls.slice(0, half))
      await this.#write(calls.slice(half))
    }
  }
}

/** What became of an enqueue whose connection broke is not known. */
export function unknownOutcome(error: unknown): unknown {
  if (!hasCode(error, "PGQ_CONNECTION_LOST")) return error
  return new PgQueuerError(
    "PGQ_OUTCOME_UNKNOWN",
    "the connection broke during an enqueue: the jobs may or may not be there",
    {
      remedy: "Look for them before you enqueue again.",
      cause: error,
    },
  )
}
