import { setTimeout as pause } from "node:timers/promises"
import { Pool } from "pg"
import { type Context, type Job, PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

interface Resources {
  readonly pool: Pool
}

export async function main() {
  const pool = new Pool({ max: 10 })
  const pgq = new PgQueuer(new PgPoolDriver(pool), {
    resources: { pool },
    maxConcurrentTasks: 20,
    shutdownTimeout: "60s",
  })

  pgq.entrypoint("report", async (job: Job, context: Context<Resources>) => {
    context.log.info("working", { step: 1 })
    await context.resources.pool.query("select 1")
    await pause(10, undefined, { signal: context.signal })
    await context.queries.enqueue("mail", { report: job.id })
  })

  pgq.entrypoint("mail", () => {}) // handlers may be plain functions

  const off = pgq.on("ended", ({ job, status, runMs }) => {
    if (runMs > 60_000) process.stderr.write(`${job.entrypoint} ${job.id} took long and ended as ${status}\n`)
  })
  pgq.on("error", ({ duty, error }) => process.stderr.write(`${duty}: ${error}\n`))
  off()

  return { pgq, [Symbol.asyncDispose]: () => pool.end() }
}
