// What a scrape costs with so many jobs waiting, and as many ended and deferred: on the built package.
// `node benchmarks/scrape.mjs [jobs] [entrypoints] [scrapes] [pairs of drains]`
import { readFile } from "node:fs/promises"
import pg from "pg"
import { PgPoolDriver } from "../dist/adapters/drivers/pg.js"
import { startEmbeddedPostgres } from "../dist/adapters/embedded/embedded-postgres.js"
import { prometheusMetrics } from "../dist/adapters/telemetry/prometheus.js"
import { PgQueuer, Queries } from "../dist/index.js"

const [jobs = 1_000_000, entrypoints = 10, scrapes = 40, pairs = 5] = process.argv.slice(2).map(Number)
const drained = 60_000
const logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
const server = await startEmbeddedPostgres({
  settings: { shared_buffers: "1GB", max_wal_size: "8GB", synchronous_commit: "off", fsync: "off" },
  logger,
})
const pool = new pg.Pool({ connectionString: server.url, max: 10 })
const queries = new Queries(new PgPoolDriver(pool))
await queries.install()
await fill()
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

/** Rows as they are when jobs were enqueued and ended one after the other, vacuumed as autovacuum does it. */
async function fill() {
  await pool.query(`
    insert into pgqueuer.job (id, entrypoint, priority, payload)
    select n, 'e' || n % ${entrypoints}, 0, '{"user":7}' from generate_series(1, ${3 * jobs}) as n;
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id)
    select entrypoint, ${await rankOfZero()}, id, id from pgqueuer.job where id <= ${jobs};
    insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at)
    select id, entrypoint, ${await rankOfZero()}, now() + interval '1 day' from pgqueuer.job where id > ${jobs} and id <= ${2 * jobs};
    insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, started_at)
    select id, entrypoint, 'successful', 1, now() from pgqueuer.job where id > ${2 * jobs};
    select setval('pgqueuer.job_id_seq', ${3 * jobs});
    insert into pgqueuer.rollup_entry (entrypoint, minute, successful, run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts)
    select 'e' || n % ${entrypoints}, date_trunc('minute', now()) - n / ${entrypoints} * interval '1 minute', 100, 500,
      array(select generate_series(5, 40)), array(select 3 from generate_series(5, 40)), 500,
      array(select generate_series(5, 40)), array(select 3 from generate_series(5, 40))
    from generate_series(1, ${Math.max(10_000, entrypoints)}) as n`)
  const { statementFiles } = await import("../dist/adapters/postgres/sql.generated.js")
  const { render } = await import("../dist/adapters/postgres/statement.js")
  const merge = render(statementFiles.merge_rollups, { schema: "pgqueuer", prefix: "" })
  for (let left = 1; left > 0; ) left = (await pool.query(merge, [0, 10_000, true])).rows[0].entries
  for (const table of ["job", "ready", "deferred", "outcome", "rollup", "rollup_entry"])
    await pool.query(`vacuum analyze pgqueuer.${table}`)
}

async function rankOfZero() {
  const [id] = await queries.enqueue("probe")
  const { rows } = await pool.query("select rank from pgqueuer.ready where job_id = $1", [id])
  await queries.cancel(id)
  await pool.query("delete from pgqueuer.outcome")
  await pool.query("delete from pgqueuer.job where id = $1", [id])
  return rows[0].rank
}

/** One of our statements after the other, as the server plans them for a scrape. */
async function parts() {
  const { rows: entries } = await pool.query("select count(*)::int as count from pgqueuer.rollup_entry")
  console.log(`${entries[0].count} entries are not merged yet`)
  const { statementFiles } = await import("../dist/adapters/postgres/sql.generated.js")
  const { render } = await import("../dist/adapters/postgres/statement.js")
  const parameters = {
    read_totals: [],
    read_depth: [10_000, 200, 100, 2_000, 10_000],
    read_limit_use: [],
    read_workers: [],
    read_overdue: [],
  }
  for (const [name, values] of Object.entries(parameters)) {
    const sql = render(statementFiles[name], { schema: "pgqueuer", prefix: "" })
    const { rows } = await pool.query(`explain (analyze, buffers) ${sql}`, values)
    const plan = rows.map((row) => row["QUERY PLAN"])
    console.log(name, plan.filter((line) => /^(Planning|Execution) Time/.test(line)).join(", "))
    if (process.env["PLANS"]) console.log(plan.join("\n"))
  }
}

async function report(what) {
  const metrics = prometheusMetrics(queries, { timeout: "60s" })
  const series = (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#")).length
  const took = []
  const cpuBefore = await cpuOf()
  const own = process.cpuUsage()
  for (let number = 0; number < scrapes; number++) {
    const text = await metrics.text()
    took.push(Number(/^pgqueuer_scrape_duration_seconds (\S+)$/m.exec(text)[1]) * 1_000)
  }
  const { user, system } = process.cpuUsage(own)
  took.sort((a, b) => a - b)
  const cpu = ((await cpuOf()) - cpuBefore) / scrapes
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
  const median = (what) =>
    ratios
      .map((ratio) => ratio[what])
      .sort((a, b) => a - b)
      [ratios.length >> 1].toFixed(3)
  console.log(
    `a scrape a second, median of ${pairs} pairs: ${median("rate")} of the rate, ${median("cpu")} of the server CPU a job`,
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
  const [since, cpuBefore] = [performance.now(), await cpuOf()]
  await pgq.run({ mode: "drain" })
  const result = {
    rate: (drained / (performance.now() - since)) * 1_000,
    cpu: ((await cpuOf()) - cpuBefore) / drained,
    scrapes,
  }
  clearInterval(timer)
  return result
}

/** Processor time of the server with its children, in milliseconds. */
async function cpuOf() {
  const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, "utf8")
  let ticks = 0
  for (const pid of [server.pid, ...children.trim().split(" ")]) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    for (const field of fields.slice(11, 15)) ticks += Number(field) || 0
  }
  return ticks * 10
}
