// What dashboards cost with so many jobs waiting, and as many deferred and ended: each page, and three that are open while a worker drains; on the
// built package. `node benchmarks/dashboards.mjs [jobs] [entrypoints] [requests of each page] [pairs of drains]`
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import pg from "pg"
import { PgPoolDriver } from "../dist/adapters/drivers/pg.js"
import { PgQueuer, Queries } from "../dist/index.js"
import { fillBacklog, logger, median, processorMs, startServer } from "./large-backlog.mjs"

const [jobs = 1_000_000, entrypoints = 10, requests = 20, pairs = 5] = process.argv.slice(2).map(Number)
const drained = 150_000
const idleMs = 20_000
const server = await startServer()
const pool = new pg.Pool({ connectionString: server.url, max: 10 })
const queries = new Queries(new PgPoolDriver(pool))
await queries.install()
await fillBacklog(pool, queries, { jobs, entrypoints, failures: 5_000 })
const job = 3 * jobs
const pages = [
  "/",
  "/?range=30d",
  "/jobs",
  "/jobs?status=queued",
  "/jobs?status=queued&order=oldest",
  "/jobs?status=successful&entrypoint=e1",
  "/jobs?status=exception",
  "/jobs?entrypoint=e1",
  "/jobs?status=queued&entrypoint=e1&before=1h",
  "/jobs?text=user%207",
  "/jobs?text=user%207&status=queued",
  "/jobs?text=user%207&status=exception",
  "/bulk?action=cancel",
  "/bulk?action=cancel&entrypoint=e1&text=7",
  `/jobs/${job}`,
  "/entrypoints",
  "/entrypoints/e1",
  "/failures",
  "/schedules",
  "/workers",
  "/database",
  "/audit",
]

const dashboard = await openDashboard()
for (const page of pages) await measurePage(page)
await measureIdle()
dashboard.stop()
await pool.query(
  "truncate pgqueuer.job, pgqueuer.ready, pgqueuer.deferred, pgqueuer.claim, pgqueuer.outcome, pgqueuer.failure",
)
await measureDrains()
await pool.end()
await server.stop()
process.exit()

async function measurePage(page) {
  const took = []
  const opened = performance.now()
  const first = await fetch(dashboard.url + page)
  const firstMs = performance.now() - opened
  await first.arrayBuffer()
  const since = await processorMs(server.pid)
  for (let number = 0; number < requests; number++) {
    const started = performance.now()
    const response = await fetch(dashboard.url + page)
    took.push(performance.now() - started)
    await response.arrayBuffer()
  }
  const cpu = ((await processorMs(server.pid)) - since) / requests
  console.log(
    `${page}: status ${first.status}, first byte of the first ${firstMs.toFixed(1)} ms, median ${median(took).toFixed(1)} ms, worst ${Math.max(...took).toFixed(1)} ms, server CPU ${cpu.toFixed(1)} ms`,
  )
}

/** Three of them over a backlog at rest. */
async function measureIdle() {
  const open = await openThree()
  const [since, started] = [await processorMs(server.pid), performance.now()]
  await new Promise((resolve) => setTimeout(resolve, idleMs))
  const share = ((await processorMs(server.pid)) - since) / (performance.now() - started)
  console.log(`three open dashboards take ${(share * 100).toFixed(1)} % of a core of the server`)
  open.stop()
}

async function measureDrains() {
  const ratios = []
  await drain()
  for (let pair = 1; pair <= pairs; pair++) {
    const rates = {}
    for (const name of pair % 2 === 0 ? ["without", "with"] : ["with", "without"]) {
      const open = name === "with" ? await openThree() : undefined
      rates[name] = await drain()
      open?.stop()
    }
    ratios.push(rates.with / rates.without)
    console.log(`pair ${pair}: ${Math.round(rates.without)} jobs/s, with three ${Math.round(rates.with)}`)
  }
  if (pairs > 0)
    console.log(`three open dashboards, median of ${pairs} pairs: ${median(ratios).toFixed(3)} of the rate`)
}

async function drain() {
  const batch = Array.from({ length: 1_000 }, (_, number) => ({
    entrypoint: `e${number % entrypoints}`,
    payload: { user: 7 },
  }))
  for (let written = 0; written < drained; written += 1_000) await queries.enqueueMany(batch)
  const workerPool = new pg.Pool({ connectionString: server.url, max: 6 })
  const pgq = new PgQueuer(new PgPoolDriver(workerPool), { logger })
  for (let number = 0; number < entrypoints; number++) pgq.entrypoint(`e${number}`, () => {})
  const since = performance.now()
  await pgq.run({ mode: "drain" })
  const rate = (drained / (performance.now() - since)) * 1_000
  await workerPool.end()
  return rate
}

/** The overview and the jobs live in two browsers, and the one of the terminal. */
async function openThree() {
  const web = await openDashboard()
  const streams = new AbortController()
  for (const page of ["/", "/jobs"]) {
    const response = await fetch(`${web.url}/live?of=${encodeURIComponent(page)}`, { signal: streams.signal })
    void response.arrayBuffer().catch(() => {})
  }
  const terminal = startCli("dashboard")
  terminal.stdout.resume()
  return {
    stop() {
      streams.abort()
      web.stop()
      terminal.kill()
    },
  }
}

async function openDashboard() {
  const child = startCli("web", "--port", "0")
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) {
    const url = /http:\/\/[\w.:]+/.exec(line)?.[0]
    if (url !== undefined) return { url, stop: () => child.kill() }
  }
  throw new Error("pgq web did not start")
}

function startCli(...args) {
  const main = new URL("../dist/cli/main.js", import.meta.url).pathname
  return spawn(process.execPath, [main, ...args], {
    env: { ...process.env, DATABASE_URL: server.url },
    stdio: ["ignore", "pipe", "inherit"],
  })
}
