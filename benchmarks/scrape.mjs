// What a scrape costs with so many jobs waiting, and as many ended and deferred: on the built package.
// `node benchmarks/scrape.mjs [jobs] [entrypoints] [scrapes] [pairs of drains]`
import pg from "pg"
import { PgPoolDriver } from "../dist/adapters/drivers/pg.js"
import { prometheusMetrics } from "../dist/adapters/telemetry/prometheus.js"
import { PgQueuer, Queries } from "../dist/index.js"
import { fillBacklog, logger, median, processorMs, startServer, statementText } from "./large-backlog.mjs"

const [jobs = 1_000_000, entrypoints = 10, scrapes = 40, pairs = 5] = process.argv.slice(2).map(Number)
const drained = 60_000
const server = await startServer()
const pool = new pg.Pool({ connectionString: server.url, max: 10 })
const queries = new Queries(new PgPoolDriver(pool))
await queries.install()
await fillBacklog(pool, queries, { jobs, entrypoints })
await parts()
await report("filled, nothing runs")

const pgq = new PgQueuer(new PgPoolDriver(new pg.Pool({ connectionString: server.url, max: 6 })), { logger })
for (let number = 0; number < entrypoints; number++) pgq.entrypoint(`e${number}`, () => {})
const running = pgq.run()
await new Promise((resolve) => setTimeout(resolve, 12_000))
await parts()
await report("while a worker drains")
await pgq.stop({ now: true })
await running
await pool.query("truncate pgqueuer.job, pgqueuer.ready, pgqueuer.deferred, pgqueuer.claim, pgqueuer.outcome")
await drains()
await pool.end()
await server.stop()
process.exit()

/** One of our statements after the other, as the server plans them for a scrape. */
async function parts() {
  const { rows: entries } = await pool.query("select count(*)::int as count from pgqueuer.rollup_entry")
  console.log(`${entries[0].count} entries are not merged yet`)
  const parameters = {
    read_totals: [],
    read_depth: [10_000, 200, 100, 2_000, 10_000],
    read_limit_use: [],
    read_workers: [],
    read_overdue: [],
  }
  for (const [name, values] of Object.entries(parameters)) {
    const { rows } = await pool.query(`explain (analyze, buffers) ${statementText(name)}`, values)
    const plan = rows.map((row) => row["QUERY PLAN"])
    console.log(name, plan.filter((line) => /^(Planning|Execution) Time/.test(line)).join(", "))
    if (process.env["PLANS"]) console.log(plan.join("\n"))
  }
}

async function report(what) {
  const metrics = prometheusMetrics(queries, { timeout: "60s" })
  const series = (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#")).length
  const took = []
  const cpuBefore = await processorMs(server.pid)
  const own = process.cpuUsage()
  for (let number = 0; number < scrapes; number++) {
    const text = await metrics.text()
    took.push(Number(/^pgqueuer_scrape_duration_seconds (\S+)$/m.exec(text)[1]) * 1_000)
  }
  const { user, system } = process.cpuUsage(own)
  took.sort((a, b) => a - b)
  const cpu = ((await processorMs(server.pid)) - cpuBefore) / scrapes
  console.log(
    `${what}: ${jobs.toLocaleString("en")} waiting, deferred and ended of ${entrypoints} entrypoints, ${series} series: ` +
      `median ${took[scrapes >> 1].toFixed(1)} ms, worst ${took.at(-1).toFixed(1)} ms, ` +
      `server CPU ${cpu.toFixed(1)} ms a scrape, this process ${((user + system) / 1_000 / scrapes).toFixed(1)} ms`,
  )
}

/** What a scrape a second takes away from a worker that drains as fast as it can: pairs in turn. */
async function drains() {
  if (pairs === 0) return
  const ratios = []
  await drain(false)
  for (let number = 1; number <= pairs; number++) {
    const [without, scraped] =
      number % 2 === 0 ? [await drain(false), await drain(true)] : [await drain(true), await drain(false)].reverse()
    ratios.push({ rate: scraped.rate / without.rate, cpu: scraped.cpu / without.cpu })
    console.log(
      `pair ${number}: ${Math.round(without.rate)} jobs/s, with scrapes ${Math.round(scraped.rate)} (${scraped.scrapes} scrapes)`,
    )
  }
  const middle = (what) => median(ratios.map((ratio) => ratio[what])).toFixed(3)
  console.log(
    `a scrape a second, median of ${pairs} pairs: ${middle("rate")} of the rate, ${middle("cpu")} of the server CPU a job`,
  )
}

async function drain(scraping) {
  const requests = Array.from({ length: 1_000 }, (_, number) => ({
    entrypoint: `e${number % entrypoints}`,
    payload: { user: 7 },
  }))
  for (let written = 0; written < drained; written += 1_000) await queries.enqueueMany(requests)
  const metrics = prometheusMetrics(queries)
  let scrapes = 0
  const timer = scraping ? setInterval(() => void metrics.text().then(() => scrapes++), 1_000) : undefined
  const [since, cpuBefore] = [performance.now(), await processorMs(server.pid)]
  await pgq.run({ mode: "drain" })
  const result = {
    rate: (drained / (performance.now() - since)) * 1_000,
    cpu: ((await processorMs(server.pid)) - cpuBefore) / drained,
    scrapes,
  }
  clearInterval(timer)
  return result
}
