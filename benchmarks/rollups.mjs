// What counting ends costs: drains and single jobs with this build and with another one, in turn, on one server.
// `node benchmarks/rollups.mjs FOLDER_OF_THE_OTHER_BUILD [jobs] [pairs] [entrypoints]`
//   git archive COMMIT | tar -x -C /tmp/before && cd /tmp/before && npm ci && npm run build
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import pg from "pg"
import { startEmbeddedPostgres } from "../dist/adapters/embedded/embedded-postgres.js"
import { processorMs } from "./large-backlog.mjs"

const [other, jobs = 100_000, pairs = 5, entrypoints = 1] = process.argv
  .slice(2)
  .map((text, n) => (n === 0 ? text : Number(text)))
if (other === undefined) throw new Error("give the folder of the other build")
const logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
const settings = { shared_buffers: "512MB", max_wal_size: "4GB", checkpoint_timeout: "1h" }
const server = await startEmbeddedPostgres({ settings, logger })
const builds = { before: await load(other), now: await load(new URL("..", import.meta.url).pathname) }
const names = Array.from({ length: entrypoints }, (_, number) => `e${number}`)
const ratios = { rate: [], serverCpu: [], clientCpu: [], wal: [], single: [] }

for (const build of Object.values(builds)) await measure(build, "warm_up", Math.min(jobs, 20_000))
for (let pair = 1; pair <= pairs; pair++) {
  const order = pair % 2 === 1 ? ["before", "now"] : ["now", "before"]
  const found = {}
  for (const name of order) found[name] = await measure(builds[name], `${name}_${pair}`, jobs)
  for (const figure of Object.keys(ratios)) ratios[figure].push(found.now[figure] / found.before[figure])
  console.log(`pair ${pair}: before ${text(found.before)}; now ${text(found.now)}`)
}
for (const [figure, all] of Object.entries(ratios)) {
  const sorted = all.sort((a, b) => a - b).map((ratio) => ratio.toFixed(3))
  console.log(
    `${figure}: now / before ${sorted[0]} · ${sorted[sorted.length >> 1]} · ${sorted.at(-1)} (least, median, most)`,
  )
}
await server.stop()

async function load(folder) {
  const from = (path) => import(pathToFileURL(resolve(folder, "dist", path)).href)
  return { ...(await from("index.js")), ...(await from("adapters/drivers/pg.js")) }
}

/** In a database of its own, which ends with the measurement. */
async function measure({ PgPoolDriver, PgQueuer, Queries }, database, count) {
  const admin = new pg.Client(server.url)
  await admin.connect()
  await admin.query(`create database ${database}`)
  const url = new URL(server.url)
  url.pathname = database
  const pool = new pg.Pool({ connectionString: url.href, max: 10 })
  const driver = new PgPoolDriver(pool)
  const queries = new Queries(driver)
  await queries.install()
  for (let written = 0; written < count; written += 1_000) {
    await queries.enqueueMany(
      Array.from({ length: 1_000 }, (_, n) => ({ entrypoint: names[n % names.length], payload: { user: n } })),
    )
  }
  await pool.query("vacuum analyze")
  await admin.query("checkpoint")
  const before = await usage(admin)
  const started = performance.now()
  const drained = new PgQueuer(driver, { logger })
  for (const name of names) drained.entrypoint(name, () => {})
  await drained.run({ mode: "drain" })
  const tookMs = performance.now() - started
  const after = await usage(admin)
  const counted = (await queries.totals?.())?.reduce((sum, { ended }) => sum + ended.successful, 0)
  if (counted !== undefined && counted !== count) throw new Error(`${counted} of ${count} ends were counted`)
  const single = await oneByOne(driver, queries, PgQueuer)
  await pool.end()
  await admin.query(`drop database ${database}`)
  await admin.end()
  return {
    rate: (count / tookMs) * 1_000,
    serverCpu: ((after.serverMs - before.serverMs) / count) * 1_000,
    clientCpu: ((after.clientMs - before.clientMs) / count) * 1_000,
    wal: (after.wal - before.wal) / count,
    single,
  }
}

/** The median time from a job's enqueueing until its end is recorded, in ms, one job after the other. */
async function oneByOne(driver, queries, PgQueuer) {
  const worker = new PgQueuer(driver, { logger })
  let ended = () => {}
  worker.entrypoint(names[0], () => {})
  worker.on("ended", () => ended())
  const running = worker.run()
  const times = []
  for (let number = 0; number < 300; number++) {
    const since = performance.now()
    const end = new Promise((resolve) => {
      ended = resolve
    })
    await queries.enqueue(names[0], number)
    await end
    times.push(performance.now() - since)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await worker.stop()
  await running
  return times.sort((a, b) => a - b)[times.length >> 1]
}

async function usage(admin) {
  const { user, system } = process.cpuUsage()
  const { rows } = await admin.query("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal")
  return { serverMs: await processorMs(server.pid), clientMs: (user + system) / 1_000, wal: rows[0].wal }
}

function text({ rate, serverCpu, clientCpu, wal, single }) {
  const cpu = `${serverCpu.toFixed(1)} + ${clientCpu.toFixed(1)} µs of the server and the client`
  return `${Math.round(rate)} jobs/s, ${cpu}, ${Math.round(wal)} bytes of WAL a job, single ${single.toFixed(1)} ms`
}
