// A schedule-only worker in a process of its own, from the built package: writes `tick <time of the tick> <time of the start>`.
import pg from "pg"
import { PgPoolDriver } from "../../dist/adapters/drivers/pg.js"
import { SchedulerManager } from "../../dist/index.js"

const { url, options, scheduleOptions } = JSON.parse(process.argv[2])
const sm = new SchedulerManager(new PgPoolDriver(new pg.Pool({ connectionString: url, max: 6 })), options)
const say = (...words) => process.stdout.write(`${words.join(" ")}\n`)
sm.schedule(
  "tick",
  "* * * * * *",
  (schedule) => say("tick", schedule.tick.getTime(), performance.timeOrigin + performance.now()),
  scheduleOptions,
)
const stop = new AbortController()
process.on("SIGTERM", () => stop.abort())
await sm.run({ signal: stop.signal })
process.exit(0)
