import { setTimeout as pause } from "node:timers/promises"
import pg from "pg"
import { PgPoolDriver } from "../../adapters/drivers/pg-pool-driver.js"
import type { Job } from "../../domain/job.js"
import { RetryRequested } from "../../domain/retry-requested.js"
import { PgQueuer } from "../../pgqueuer.js"
import { endWithParent } from "./end-with-parent.js"
import { type DemoEntrypoint, everySecond, plan, workMs } from "./plan.js"

/** The worker of `pgq demo`: its handlers write each run down before they do anything, so what ran twice can be counted. */
export async function main() {
  endWithParent()
  const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: 8 })
  const logRun = `insert into ${process.env["PGQUEUER_SCHEMA"]}.demo_run (job_id, attempt, pid) values ($1, $2, $3)`
  const handle = async (job: Job) => {
    await pool.query(logRun, [job.id, job.attempt, process.pid])
    if (job.entrypoint === "webhook" && job.attempt === 1) {
      throw new RetryRequested({ delay: "500ms", reason: "the other side asks to come again later" })
    }
    await pause(workMs[job.entrypoint as DemoEntrypoint])
  }
  const pgq = new PgQueuer(new PgPoolDriver(pool), { maxConcurrentTasks: 20, heartbeatTimeout: "5s" })
  for (const name of Object.keys(plan)) pgq.entrypoint(name, handle)
  pgq.schedule(everySecond, "* * * * * *", () => {}, { missed: "all", overlap: "allow" })
  return { pgq, [Symbol.asyncDispose]: () => pool.end() }
}
