import { Pool } from "pg"
import { PgQueuer, SchedulerManager } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

export async function main() {
  const pool = new Pool({ max: 10 })
  const pgq = new PgQueuer(new PgPoolDriver(pool), { resources: { pool } })

  pgq.schedule("clean up", "*/5 * * * *", async (schedule, context) => {
    const since = schedule.lastExecution ?? new Date(0)
    await context.resources.pool.query("select $1::timestamptz", [since])
  })

  pgq.schedule(
    "nightly report",
    "0 3 * * *",
    { entrypoint: "report", payload: { kind: "daily" }, maxAttempts: 3 },
    { timezone: "Europe/Oslo", missed: "once", overlap: "skip" },
  )

  pgq.entrypoint("report", () => {})
  return pgq
}

export async function schedules() {
  const sm = new SchedulerManager(new PgPoolDriver(new Pool()))
  sm.schedule("nightly report", "0 3 * * *", { entrypoint: "report" })
  return sm
}
