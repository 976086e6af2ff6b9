import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, it, onTestFinished } from "vitest"
import { PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { prometheusMetrics } from "../../src/adapters/telemetry/prometheus.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { Queries } from "../../src/queries.js"
import { countingDriver } from "../support/counting-driver.js"
import { type Family, parseMetrics } from "../support/metrics-text.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"
import { storeSchedule } from "../support/schedules.js"

it("shows what a queue did and what it has to do", async () => {
  const queue = await installQueue()
  const { queries } = queue
  await queries.enqueue(["good", "good", "bad", "held", "again"], ["", "", "", "", ""])
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 20 })
  const fail = () => {
    throw new Error("no")
  }
  const [begun, go] = [deferred(), deferred()]
  pgq.entrypoint("good", () => {})
  pgq.entrypoint("bad", fail)
  pgq.entrypoint("held", fail, { onFailure: "hold" })
  pgq.entrypoint("again", ({ attempt }) => {
    if (attempt === 1) throw new RetryRequested({ delay: 1 })
  })
  pgq.entrypoint(
    "slow",
    async () => {
      begun.resolve()
      await go.promise
    },
    { concurrencyLimit: 3, requestsPerSecond: 100 },
  )
  const running = start()
  await queue.ended(4)
  await queries.enqueue("slow")
  await begun.promise
  await queries.enqueue("idle")
  await queries.enqueue("idle", 1, { executeAfter: "1h" })
  await queries.pause("idle")
  await storeSchedule(queue, "nightly", { expression: "0 3 * * *" })
  await queue.sql("update pgqueuer.schedule set next_run = now() - interval '1 minute'")

  const said = () =>
    queue.sql(
      "select from pgqueuer.worker where (vitals -> 'claims' ->> 'jobs')::int > 5 and (vitals ->> 'running')::int = 1 and (vitals -> 'acknowledgements' ->> 'jobs')::int > 4",
    )
  await eventually(async () => (await said()).length > 0)
  const found = await scrape(queue)
  expect(valueIn(found, "pgqueuer_up")).toBe(1)
  expect(valueIn(found, "pgqueuer_job_ends_total", { entrypoint: "good", status: "successful" })).toBe(2)
  expect(valueIn(found, "pgqueuer_job_ends_total", { entrypoint: "bad", status: "exception" })).toBe(1)
  expect(valueIn(found, "pgqueuer_job_ends_total", { entrypoint: "held", status: "failed" })).toBe(1)
  expect(valueIn(found, "pgqueuer_job_retries_total", { entrypoint: "again" })).toBe(1)
  expect(valueIn(found, "pgqueuer_job_run_duration_seconds_count", { entrypoint: "again" })).toBe(2)
  expect(valueIn(found, "pgqueuer_job_wait_duration_seconds_count", { entrypoint: "again" })).toBe(1)
  expect(valueIn(found, "pgqueuer_jobs", { entrypoint: "slow", status: "picked" })).toBe(1)
  expect(valueIn(found, "pgqueuer_jobs", { entrypoint: "idle", status: "queued" })).toBe(1)
  expect(valueIn(found, "pgqueuer_jobs", { entrypoint: "idle", status: "deferred" })).toBe(1)
  expect(valueIn(found, "pgqueuer_jobs", { entrypoint: "held", status: "failed" })).toBe(1)
  expect(valueIn(found, "pgqueuer_jobs", { entrypoint: "good", status: "queued" })).toBe(0)
  expect(valueIn(found, "pgqueuer_jobs_exact")).toBe(1)
  expect(valueIn(found, "pgqueuer_job_oldest_wait_seconds", { entrypoint: "idle" })).toBeGreaterThan(0)
  expect(valueIn(found, "pgqueuer_entrypoint_held", { entrypoint: "slow" })).toBe(1)
  expect(valueIn(found, "pgqueuer_entrypoint_concurrency_limit", { entrypoint: "slow" })).toBe(3)
  expect(valueIn(found, "pgqueuer_entrypoint_rate_limit_per_second", { entrypoint: "slow" })).toBe(100)
  expect(valueIn(found, "pgqueuer_entrypoint_paused", { entrypoint: "idle" })).toBe(1)
  expect(valueIn(found, "pgqueuer_entrypoint_workers", { entrypoint: "idle" })).toBe(0)
  expect(valueIn(found, "pgqueuer_entrypoint_workers", { entrypoint: "slow" })).toBe(1)
  expect(valueIn(found, "pgqueuer_workers", { state: "running" })).toBe(1)
  const [worker] = await queries.workers()
  expect(valueIn(found, "pgqueuer_worker_held", { worker: worker!.id })).toBe(1)
  expect(valueIn(found, "pgqueuer_worker_heartbeat_age_seconds", { worker: worker!.id })).toBeLessThan(20)
  expect(found.get("pgqueuer_worker_info")!.samples[0]!.labels).toMatchObject({ pid: String(process.pid) })
  expect(valueIn(found, "pgqueuer_worker_running", { worker: worker!.id })).toBe(1)
  expect(valueIn(found, "pgqueuer_worker_listening", { worker: worker!.id })).toBe(1)
  expect(valueIn(found, "pgqueuer_worker_memory_bytes", { worker: worker!.id })).toBeGreaterThan(1e6)
  expect(valueIn(found, "pgqueuer_worker_claimed_total", { worker: worker!.id })).toBeGreaterThan(5)
  expect(valueIn(found, "pgqueuer_worker_acknowledged_total", { worker: worker!.id })).toBeGreaterThan(4)
  expect(valueIn(found, "pgqueuer_worker_claim_duration_seconds_count", { worker: worker!.id })).toBeGreaterThan(0)
  expect(valueIn(found, "pgqueuer_worker_lease_losses_total", { worker: worker!.id })).toBe(0)
  expect(valueIn(found, "pgqueuer_schedules", { state: "orphaned" })).toBe(1)
  expect(valueIn(found, "pgqueuer_schedule_overdue_seconds", { schedule: "nightly" })).toBeGreaterThan(59)

  go.resolve()
  await queue.ended(5)
  await running.stop()
  await queries.pauseSchedules("nightly")
  const later = await scrape(queue)
  expect(valueIn(later, "pgqueuer_workers", { state: "running" })).toBe(0)
  expect(valueIn(later, "pgqueuer_job_ends_total", { entrypoint: "slow", status: "successful" })).toBe(1)
  expect(valueIn(later, "pgqueuer_schedule_overdue_seconds", { schedule: "nightly" })).toBe(0)
})

it("shows counters that only rise while workers write and merge, and in the end every job once", async () => {
  const queue = await installQueue()
  const names = ["a", 'b"\\\n', "日本語"]
  await queue.queries.enqueueMany(Array.from({ length: 3_000 }, (_, index) => ({ entrypoint: names[index % 3]! })))
  const { pgq, start } = queue.worker()
  for (const name of names) pgq.entrypoint(name, () => {})
  start()
  const metrics = prometheusMetrics(queue.queries)
  let before = new Map<string, number>()
  await eventually(async () => {
    const found = parseMetrics(await metrics.text())
    const now = new Map(
      [...found.values()]
        .filter(({ type }) => type !== "gauge")
        .flatMap(({ samples }) => samples.map(({ name, labels, value }) => [JSON.stringify([name, labels]), value])),
    )
    for (const [series, value] of before) expect(now.get(series), series).toBeGreaterThanOrEqual(value)
    before = now
    const ends = names.map((entrypoint) =>
      valueIn(found, "pgqueuer_job_ends_total", { entrypoint, status: "successful" }),
    )
    return ends.every((count) => count === 1_000)
  })
  // Sums of the same numbers in another order.
  const rounded = (_: string, value: unknown) => (typeof value === "number" ? Math.round(value * 1_000) / 1_000 : value)
  const byName = (a: { entrypoint: string }, b: { entrypoint: string }) => (a.entrypoint < b.entrypoint ? -1 : 1)
  const plain = (totals: readonly { readonly entrypoint: string }[]) =>
    JSON.parse(JSON.stringify([...totals].sort(byName), rounded)) as unknown
  const expected = (await queue.queries.totals()).map(({ at: _, ...total }) => total)
  expect(plain((await queue.queries.metrics()).totals)).toEqual(plain(expected))
})

it("reads in one transaction and one at a time", async () => {
  const queue = await installQueue()
  let [begun, open] = [0, 0]
  const inner = queue.driver
  const driver = {
    ...countingDriver(inner),
    label: inner.label,
    features: inner.features,
    async transaction<T>(work: Parameters<typeof inner.transaction<T>>[0]) {
      begun++
      open++
      expect(open).toBe(1)
      try {
        return await inner.transaction(work)
      } finally {
        open--
      }
    },
  }
  const queries = new Queries(driver as never, { schema: queue.schema })
  const metrics = prometheusMetrics(queries)
  await Promise.all([metrics.text(), queries.metrics(), metrics.text(), prometheusMetrics(queries).text()])
  expect(begun).toBe(1)
  await metrics.text()
  expect(begun).toBe(2)
})

it("is mounted in a server of Node, and leaves it standing when the request is none", async () => {
  const queue = await installQueue()
  const server = createServer(prometheusMetrics(queue.queries).node)
  server.listen(0, "127.0.0.1")
  onTestFinished(() => void server.close())
  await eventually(() => server.listening)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const response = await fetch(`${url}/metrics`, { headers: { accept: "application/openmetrics-text" } })
  expect(valueIn(parseMetrics(await response.text(), "openmetrics"), "pgqueuer_up")).toBe(1)
  const head = await fetch(url, { method: "HEAD" })
  expect([head.status, await head.text()]).toEqual([200, ""])
  expect((await fetch(url, { method: "OPTIONS" })).status).toBe(405)
  expect((await fetch(`${url}//`)).status).toBe(400)
})

it("says so within its time when somebody locks the tables, and works again when they are free", async () => {
  const queue = await installQueue()
  const client = await queue.pool.connect()
  try {
    await client.query("begin")
    await client.query(`lock table ${queue.schema}.rollup in access exclusive mode`)
    const metrics = prometheusMetrics(queue.queries, { timeout: "300ms" })
    const startedAt = performance.now()
    const found = parseMetrics(await metrics.text())
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    expect(valueIn(found, "pgqueuer_up")).toBe(0)
    expect(found.get("pgqueuer_scrape_errors_total")!.samples).toHaveLength(1)
    await client.query("rollback")
    await eventually(async () => valueIn(parseMetrics(await metrics.text()), "pgqueuer_up") === 1)
  } finally {
    client.release()
  }
})

it.each([
  ["PGQ_SCHEMA_MISSING", "drop table pgqueuer.migration"],
  ["PGQ_SCHEMA_TOO_OLD", "delete from pgqueuer.migration where version > 4"],
  ["PGQ_SCHEMA_TOO_NEW", "insert into pgqueuer.migration (version, serves) values (999, 999)"],
])("says %s of a schema that this code is not for", async (code, sql) => {
  const queue = await installQueue({ checked: false })
  await queue.sql(sql)
  const found = await scrape(queue)
  expect(valueIn(found, "pgqueuer_up")).toBe(0)
  expect(valueIn(found, "pgqueuer_scrape_errors_total", { code })).toBe(1)
})

it.each([
  "{}",
  "7",
  '{"listen":"listening","claims":{"jobs":1,"sizes":{"count":1,"sum":1,"buckets":[]},"times":{"count":1,"sum":1,"buckets":[[999,1]]}}}',
])("shows a worker without what it says of itself where that is nonsense: %s", async (vitals) => {
  const queue = await installQueue()
  await queue.sql(
    `insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms, vitals) values ('h', 1, '1', '{a}', 60000, $1)`,
    [vitals],
  )
  const found = await scrape(queue)
  expect(valueIn(found, "pgqueuer_up")).toBe(1)
  expect(valueIn(found, "pgqueuer_workers", { state: "running" })).toBe(1)
  expect(found.get("pgqueuer_worker_claimed_total")!.samples).toEqual([])
  expect(await queue.queries.workers()).toMatchObject([{ vitals: null }])
})

it("reads a schema that is newer and serves this code", async () => {
  const queue = await installQueue()
  await queue.sql("insert into pgqueuer.migration (version, serves) values (999, 2)")
  const found = await scrape(queue)
  expect(found.get("pgqueuer_schema_info")!.samples[0]!.labels).toMatchObject({ version: "999", serves: "2" })
  await queue.sql("delete from pgqueuer.migration where version = 999")
})

it("refuses a driver inside a transaction, whose view of the queue is its own", async () => {
  const queue = await installQueue()
  const client = await queue.pool.connect()
  await client.query("begin")
  const queries = new Queries(PgDriver.inTransaction(client), { schema: queue.schema })
  await expect(queries.metrics()).rejects.toMatchObject({ code: "PGQ_UNSUPPORTED" })
  await client.query("rollback")
  client.release()
})

it("reads on a single connection, too", async () => {
  const queue = await installQueue()
  const driver = new PgPoolDriver(queue.database.pool({ max: 1 }))
  expect(await new Queries(driver, { schema: queue.schema }).metrics()).toMatchObject({ workers: [], totals: [] })
})

async function scrape(queue: TestQueue): Promise<Map<string, Family>> {
  return parseMetrics(await prometheusMetrics(queue.queries).text())
}

/** Of the series with just these labels. */
function valueIn(
  found: Map<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = found.get(name) ?? found.get(name.replace(/_(?:count|sum)$/, ""))!
  const wanted = JSON.stringify(Object.entries(labels).sort())
  const isMeant = (sample: (typeof family.samples)[number]) =>
    sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted
  return family.samples.find(isMeant)?.value
}
