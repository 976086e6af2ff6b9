// pgq run examples/scheduler/scheduler.ts:main
import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

export async function main() {
  const pgq = new PgQueuer(new PgPoolDriver(new Pool()))

  // A handler: runs in whichever worker is first at the tick.
  pgq.schedule("heartbeat", "* * * * * *", (schedule) => {
    console.log(`heartbeat, the last one was ${schedule.lastExecution?.toISOString() ?? "never"}`)
  })

  // A job: enqueued at each tick, with retries and history like any other.
  pgq.schedule("report", "* * * * * */2", { entrypoint: "report", payload: { kind: "summary" }, maxAttempts: 3 })
  pgq.entrypoint("report", (job) => {
    console.log(`report ${JSON.stringify(job.payload)}, attempt ${job.attempt}`)
  })

  return pgq
}
