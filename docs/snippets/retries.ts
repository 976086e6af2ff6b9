import { Pool } from "pg"
import { type Context, type Job, PgQueuer, RetryRequested } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

/** Runs a handler up to `most` times, with pauses of about 2, 4, 8 … seconds. */
function withRetries(most: number, handler: (job: Job, context: Context) => Promise<unknown>) {
  return async (job: Job, context: Context) => {
    try {
      await handler(job, context)
    } catch (error) {
      const isLast = job.attempt >= most || context.signal.aborted
      if (isLast || error instanceof RetryRequested) throw error
      const delay = 1_000 * 2 ** job.attempt * (0.75 + Math.random() / 2)
      throw new RetryRequested({ delay, reason: String(error) })
    }
  }
}

export async function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()))

  pgq.entrypoint(
    "fetch",
    withRetries(5, async (job, { signal }) => {
      const response = await fetch(String(job.payload), { signal })
      if (response.status >= 500) throw new Error(`the server answered ${response.status}`)
    }),
  )

  return pgq
}
