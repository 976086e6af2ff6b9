import { Pool } from "pg"
import { type Executor, PgQueuer, RetryInProcessExecutor, RetryRequested } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"
import { ThreadExecutor } from "pgqueuer/threads"
import { thumbnail } from "./thumbnail.ts"

/** After `most` failures in a row it puts jobs off for a while, instead of calling a service that is down. */
class CircuitBreaker implements Executor {
  readonly #most: number
  readonly #pauseMs: number
  #failures = 0
  #openUntil = 0

  constructor(most: number, pauseMs: number) {
    this.#most = most
    this.#pauseMs = pauseMs
  }

  async execute(run: () => unknown) {
    if (performance.now() < this.#openUntil) {
      throw new RetryRequested({ delay: this.#pauseMs, reason: "the service is down" })
    }
    try {
      const result = await run()
      this.#failures = 0
      return result
    } catch (error) {
      this.#failures++
      if (this.#failures >= this.#most) this.#openUntil = performance.now() + this.#pauseMs
      throw error
    }
  }
}

export async function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()))

  pgq.entrypoint("mail", async (job, { signal }) => sendMail(job.payload, signal), {
    retry: { maxAttempts: 8, initialDelay: "2s", maxDelay: "10m" },
    onFailure: "hold",
    timeout: "30s",
  })

  const breaker = new CircuitBreaker(3, 60_000)
  pgq.entrypoint("charge", () => callTheBank(), { executor: breaker })

  pgq.entrypoint("lookup", async () => "found", { executor: new RetryInProcessExecutor({ maxAttempts: 3 }) })

  pgq.entrypoint("thumbnail", thumbnail, {
    executor: new ThreadExecutor({
      module: new URL("./thumbnail.ts", import.meta.url),
      export: "thumbnail",
      maxThreads: 2,
      memoryLimitMb: 256,
    }),
  })

  return pgq
}

async function sendMail(to: unknown, signal: AbortSignal) {
  signal.throwIfAborted()
  return { accepted: [to] }
}

async function callTheBank(): Promise<never> {
  throw new Error("the bank does not answer")
}
