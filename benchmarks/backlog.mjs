// What reading the numbers costs the server over so large a backlog: so many jobs waiting, deferred and ended, on the built package.
// `node benchmarks/backlog.mjs [jobs] [entrypoints]`; 10,000,000 need some 12 GB of disk and a quarter of an hour.
import { readFile } from "node:fs/promises"
import pg from "pg"
import { PgPoolDriver } from "../dist/adapters/drivers/pg.js"
import { startEmbeddedPostgres } from "../dist/adapters/embedded/embedded-postgres.js"
import { PostgresRollupUpkeepStore } from "../dist/adapters/postgres/postgres-rollup-upkeep-store.js"
import { Statements } from "../dist/adapters/postgres/statement.js"
import { Queries } from "../dist/index.js"

const [jobs = 1_000_000, entrypoints = 10] = process.argv.slice(2).map(Number)
const logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
const settings = { shared_buffers: "1GB", max_wal_size: "8GB", fsync: "off", synchronous_commit: "off" }
const server = await startEmbeddedPostgres({ settings, logger })
const pool = new pg.Pool({ connectionString: server.url, max: 2 })
const observer = await pool.connect()
const queries = new Queries(new PgPoolDriver(pool))
await queries.install()
const placement = { schema: "pgqueuer", prefix: "" }
const reads = {
  totals: () => queries.totals(),
  depth: () => queries.depth(),
  activity: () => queries.activity(),
  history: () => queries.history(),
}

await fill()
await report("before any vacuum or analyse")
await observer.query("vacuum analyze")
await report("vacuumed, an hour of entries not summed up, as when all workers are stopped")
const upkeep = new PostgresRollupUpkeepStore(new PgPoolDriver(pool), new Statements(placement), placement)
for (let left = 1; left > 0; ) left = (await upkeep.mergeRollups(0, 10_000, true)).entries
await observer.query("vacuum analyze pgqueuer.rollup, pgqueuer.rollup_entry")
await report("summed up")
const holder = new pg.Client(server.url)
await holder.connect()
await holder.query("begin isolation level repeatable read")
await holder.query("select count(*) from pgqueuer.upkeep")
await observer.query(`delete from pgqueuer.ready where seq <= ${jobs / 2}`)
await report("half of the line taken under a held snapshot, so that its dead rows stay")
await holder.end()
observer.release()
await pool.end()
await server.stop()

/** Rows as workers and producers write them. */
async function fill() {
  const name = (number) => `'e' || ${number} % ${entrypoints}`
  await observer.query(`
    insert into pgqueuer.job (id, entrypoint) select n, ${name("n")} from generate_series(1, ${3 * jobs}) as n;
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id) select ${name("n")}, -1, n, n from generate_series(1, ${jobs}) as n;
    insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at)
    select n, ${name("n")}, -1, now() + interval '1 day' from generate_series(${jobs + 1}, ${2 * jobs}) as n;
    insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, started_at)
    select n, ${name("n")}, 'successful', 1, now() from generate_series(${2 * jobs + 1}, ${3 * jobs}) as n;
    insert into pgqueuer.rollup_entry (entrypoint, minute, successful, run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts)
    select ${name("n")}, date_trunc('minute', now() - n * interval '1 second'), 1000, 5000, '{5,9,14,18,22}', '{200,200,200,200,200}', 90000,
      '{20,24,28,31,35}', '{200,200,200,200,200}'
    from generate_series(1, 3600) as n`)
}

/** What the backend had of the processor for a call: work beside it on the machine does not count. */
async function report(what) {
  const times = {}
  for (const [name, read] of Object.entries(reads)) times[name] = await serverMs(read)
  const sum = Object.values(times).reduce((total, time) => total + time)
  const text = Object.entries(times).map(([name, time]) => `${name} ${time.toFixed(1)}`)
  const { entrypoints: found, others, exact } = await queries.depth()
  const queued = found.reduce((total, { queued: { count } }) => total + count, 0)
  console.log(`${what}: ${text.join(", ")}; together ${sum.toFixed(1)} ms`)
  console.log(`  depth: ${queued} queued of ${found.length} entrypoints, ${others} more${exact ? "" : "; estimated"}`)
}

/** The median of 15 calls, in ms. https://docs.kernel.org/scheduler/sched-stats.html */
async function serverMs(read) {
  const { rows } = await pool.query("select pg_backend_pid() as pid")
  const file = `/proc/${rows[0].pid}/schedstat`
  const usedNs = async () => Number((await readFile(file, "utf8")).split(" ")[0])
  const times = []
  for (let call = 0; call < 15; call++) {
    const before = await usedNs()
    await read()
    times.push(((await usedNs()) - before) / 1e6)
  }
  return times.sort((a, b) => a - b)[times.length >> 1]
}
