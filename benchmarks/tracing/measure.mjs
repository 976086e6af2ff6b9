// One measurement of benchmarks/tracing.mjs, in a process of its own: `measure.mjs load jobs url`
import pg from "pg"
import { PgPoolDriver } from "../../dist/adapters/drivers/pg.js"
import { PgQueuer, Queries } from "../../dist/index.js"
import { bareSpans } from "./bare-spans.mjs"
import { loads } from "./loads.mjs"

const [load, jobs, url] = [process.argv[2], Number(process.argv[3]), process.argv[4]]
if (load === "bare") await bareSpans(jobs)
else await measure()
process.exit()

async function measure() {
  const { tracing, spans } = await loads[load]()
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  const driver = new PgPoolDriver(pool)
  await round(driver, tracing, Math.min(jobs, 10_000))
  const measured = await round(driver, tracing, jobs)
  console.log(JSON.stringify({ ...measured, spans: await spans() }))
}

async function round(driver, tracing, count) {
  const options = { schema: `${load}_${process.pid}`, ...(tracing === undefined ? {} : { tracing }) }
  const queries = new Queries(driver, options)
  await queries.install()
  const requests = Array.from({ length: 1_000 }, (_, user) => ({ entrypoint: "fetch", payload: { user } }))
  const { ms: enqueueMs } = await timed(async () => {
    for (let written = 0; written < count; written += 1_000) await queries.enqueueMany(requests)
  })
  const pgq = new PgQueuer(driver, options)
  pgq.entrypoint("fetch", async () => {})
  const { ms: drainMs, cpuMs } = await timed(() => pgq.run({ mode: "drain" }))
  await queries.uninstall()
  return { enqueueMs, drainMs, cpuMicros: (cpuMs / count) * 1_000 }
}

async function timed(work) {
  const [since, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { ms: performance.now() - since, cpuMs: (user + system) / 1_000 }
}
