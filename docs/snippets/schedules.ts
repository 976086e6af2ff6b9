import { Pool } from "pg"
import { Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))

const next = await queries.previewSchedule("30 2 * * *", { timezone: "Europe/Oslo", count: 3 })
for (const run of next) process.stdout.write(`${run.toISOString()}\n`)

for (const { name, nextExecution, lastRun, orphaned } of await queries.schedules()) {
  process.stdout.write(`${name}: next ${nextExecution?.toISOString()}, last ${lastRun?.status}\n`)
  if (orphaned) process.stderr.write(`no running worker has code for ${name}\n`)
}

const [paused] = await queries.pauseSchedules("nightly report")
if (paused?.done === false) process.stderr.write(`${paused.name}: ${paused.reason}\n`) // unknown, or paused already
await queries.resumeSchedules("nightly report") // from the next tick on
await queries.triggerSchedules("nightly report") // once, now, in a worker
const runs = await queries.scheduleRuns("nightly report", { limit: 10 })
runs.filter(({ status }) => status === "exception").map(({ tick, error }) => ({ tick, error }))

await pool.end()
