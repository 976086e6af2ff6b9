import { expect, it } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { startCuttingProxy } from "../support/cutting-proxy.js"
import { eventually, installQueue } from "../support/queue.js"

it("ends every job once, and leaves none picked, when 50 replies are lost after their COMMIT", async () => {
  const queue = await installQueue()
  const proxy = await startCuttingProxy(queue.database.url)
  const pool = queue.database.pool({ connectionString: proxy.url, max: 6 })
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 20 }, new PgPoolDriver(pool))
  const runs = new Map<string, number>()
  pgq.entrypoint("a", async (job) => {
    runs.set(job.id, (runs.get(job.id) ?? 0) + 1)
    await new Promise((resolve) => setTimeout(resolve, 10))
  })
  start()
  proxy.cutEvery(3)
  let enqueued = 0
  let oldestMs = 0
  while (proxy.cuts < 50) {
    const [row] = await queue.sql<{ waiting: number; oldest: number }>(`
      select
        (select count(*)::int from pgqueuer.ready) as waiting,
        (select coalesce(max(extract(epoch from clock_timestamp() - claimed_at)), 0)::float8 * 1000 from pgqueuer.claim) as oldest`)
    oldestMs = Math.max(oldestMs, row!.oldest)
    if (row!.waiting < 200) {
      enqueued += 400
      await queue.queries.enqueueMany(Array.from({ length: 400 }, () => ({ entrypoint: "a" })))
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  proxy.cutEvery(Number.POSITIVE_INFINITY)
  await queue.ended(enqueued, 60_000)
  await eventually(async () => (await queue.sql("select from pgqueuer.claim")).length === 0)
  expect(runs.size).toBe(enqueued)
  // No job takes longer than a moment, so a claim of this age would be one that nobody runs.
  expect(oldestMs).toBeLessThan(5_000)
}, 180_000)

it("keeps to a limit, and loses no slot, when replies are lost after their COMMIT", async () => {
  const queue = await installQueue()
  const proxy = await startCuttingProxy(queue.database.url)
  const pool = queue.database.pool({ connectionString: proxy.url, max: 6 })
  const { pgq, start } = queue.worker({}, new PgPoolDriver(pool))
  let running = 0
  let most = 0
  pgq.entrypoint(
    "a",
    async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 10))
      running--
    },
    { concurrencyLimit: 3 },
  )
  start()
  proxy.cutEvery(5)
  let enqueued = 0
  while (proxy.cuts < 15) {
    enqueued += 20
    await queue.queries.enqueueMany(Array.from({ length: 20 }, () => ({ entrypoint: "a" })))
    await queue.ended(enqueued - 10, 60_000)
  }
  proxy.cutEvery(Number.POSITIVE_INFINITY)
  await queue.ended(enqueued, 60_000)
  expect(most).toBe(3)
  await queue.queries.enqueueMany(Array.from({ length: 30 }, () => ({ entrypoint: "a" })))
  await eventually(() => running === 3)
  await queue.ended(enqueued + 30, 60_000)
}, 180_000)

it.each([
  ["the commit", "commit"],
  ["complete", "pgq_complete_job_"],
])(
  "writes and ends once when the replies to %s in a handler's transaction are lost",
  async (_, mark) => {
    const queue = await installQueue()
    await queue.pool.query(`create table ${queue.schema}.written (job_id bigint primary key)`)
    const proxy = await startCuttingProxy(queue.database.url, [mark])
    const pool = queue.database.pool({ connectionString: proxy.url, max: 10 })
    const { pgq, start } = queue.worker()
    pgq.entrypoint(
      "a",
      async (job, context) => {
        const client = await pool.connect()
        client.on("error", () => {})
        try {
          await client.query("begin")
          await client.query(`insert into ${queue.schema}.written (job_id) values ($1)`, [job.id])
          await context.complete(client)
          await client.query("commit")
        } finally {
          client.release(true)
        }
      },
      { retry: { maxAttempts: 50, initialDelay: 10, maxDelay: 10 } },
    )
    proxy.cutEvery(3)
    start()
    await queue.queries.enqueueMany(Array.from({ length: 100 }, () => ({ entrypoint: "a" })))
    await queue.ended(100, 60_000)
    expect(proxy.cuts).toBeGreaterThan(20)
    const [written] = await queue.sql("select count(*)::int as rows from pgqueuer.written")
    expect(written).toEqual({ rows: 100 })
    expect(await queue.sql("select status, count(*)::int as jobs from pgqueuer.outcome group by status")).toEqual([
      { status: "successful", jobs: 100 },
    ])
    await eventually(async () => (await queue.sql("select from pgqueuer.claim")).length === 0)
  },
  90_000,
)
