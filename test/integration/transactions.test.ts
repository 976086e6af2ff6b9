import pg from "pg"
import { expect, it, onTestFinished } from "vitest"
import { PgDriver } from "../../src/adapters/drivers/pg.js"
import { Queries } from "../../src/queries.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

it("writes a job with the caller's transaction: nothing before its commit, and a worker starts at once after it", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  const seen: unknown[] = []
  pgq.entrypoint("fetch", (job) => void seen.push(job.payload))
  start()
  await inTransaction(queue, async (client) => {
    await queue.queries.enqueue("fetch", 1, { transaction: client })
    await queue.queries.enqueueMany([{ entrypoint: "fetch", payload: 2 }], { transaction: client })
    expect(await queue.queries.queueSize()).toEqual([])
    await client.query("commit")
  })
  await eventually(() => seen.length === 2, 5_000)
  expect(seen).toEqual([1, 2])
})

it("leaves no job and no wake-up behind when the transaction is rolled back", async () => {
  const queue = await installQueue()
  const heard: string[] = []
  const subscription = await queue.driver.listen(`${queue.schema}.events`, {
    onNotification: (payload) => void heard.push(payload),
    onLost() {},
  })
  await inTransaction(queue, async (client) => {
    await queue.queries.enqueue("fetch", 1, { transaction: client })
    await client.query("rollback")
  })
  await queue.queries.enqueue("fetch", 2)
  await eventually(() => heard.length > 0)
  await subscription.close()
  expect(heard).toHaveLength(1)
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "fetch", status: "queued", count: 1 }])
})

it("sends one notification for all enqueues of one transaction", async () => {
  const queue = await installQueue()
  const heard: string[] = []
  const subscription = await queue.driver.listen(`${queue.schema}.events`, {
    onNotification: (payload) => void heard.push(payload),
    onLost() {},
  })
  await inTransaction(queue, async (client) => {
    for (let n = 0; n < 20; n++) await queue.queries.enqueue(`e${n}`, n, { transaction: client })
    await client.query("commit")
  })
  await eventually(() => heard.length > 0)
  await queue.driver.query("select 1")
  await subscription.close()
  expect(heard).toEqual(["{}"])
})

it("enqueues through a driver on the open transaction", async () => {
  const queue = await installQueue()
  await inTransaction(queue, async (client) => {
    const queries = new Queries(PgDriver.inTransaction(client), { schema: queue.schema })
    const [id] = await queries.enqueue("fetch", { a: 1 })
    expect((await queries.job(id!))!.status).toBe("queued")
    expect(await queue.queries.job(id!)).toBeUndefined()
    await client.query("rollback")
    expect(await queue.queries.job(id!)).toBeUndefined()
  })
})

it("counts a deferred job's time from the call, not from the start of the transaction", async () => {
  const queue = await installQueue()
  await inTransaction(queue, async (client) => {
    await client.query("select pg_sleep(1)")
    const [id] = await queue.queries.enqueue("fetch", 1, { transaction: client, executeAfter: "1h" })
    await client.query("commit")
    const { createdAt, executeAfter } = (await queue.queries.job(id!))!
    expect(executeAfter!.getTime() - createdAt.getTime()).toBe(3_600_000)
    const [row] = await queue.sql<{ now: Date }>("select now()")
    expect(executeAfter!.getTime() - row!.now.getTime()).toBeGreaterThan(3_600_000 - 900)
  })
})

it("refuses a plain driver on a client that is inside a transaction", async () => {
  const queue = await installQueue()
  await inTransaction(queue, async (client) => {
    const queries = new Queries(new PgDriver(client), { schema: queue.schema })
    await expect(queries.enqueue("fetch", 1)).rejects.toMatchObject({ code: "PGQ_DRIVER_BUSY" })
    await client.query("rollback")
  })
  expect(await queue.queries.queueSize()).toEqual([])
})

it("refuses a client without an open transaction, and a pool", async () => {
  const { queries, database, pool } = await installQueue()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  onTestFinished(() => client.end())
  await expect(queries.enqueue("fetch", 1, { transaction: client })).rejects.toMatchObject({
    code: "PGQ_DRIVER_CLOSED",
  })
  await expect(queries.enqueue("fetch", 1, { transaction: pool })).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  expect(await queries.queueSize()).toEqual([])
})

it("finds a job whose transaction commits after many later ones were run", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  const seen = new Set<unknown>()
  pgq.entrypoint("fetch", (job) => void seen.add(job.payload))
  start()
  await inTransaction(queue, async (client) => {
    const [late] = await queue.queries.enqueue("fetch", "late", { transaction: client })
    const ids = await queue.queries.enqueueMany(
      Array.from({ length: 500 }, (_, n) => ({ entrypoint: "fetch", payload: n })),
    )
    expect(Number(late)).toBeLessThan(Number(ids[0]))
    await queue.ended(500)
    await client.query("commit")
  })
  await eventually(() => seen.has("late"), 5_000)
})

/** Work on a client with an open transaction; what the work leaves open is rolled back. */
async function inTransaction(queue: TestQueue, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await queue.pool.connect()
  try {
    await client.query("begin")
    await work(client)
  } finally {
    await client.query("rollback")
    client.release()
  }
}
