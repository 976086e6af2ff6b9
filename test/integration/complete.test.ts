import { PGlite } from "@electric-sql/pglite"
import type pg from "pg"
import postgres from "postgres"
import { expect, it, onTestFinished } from "vitest"
import { PgliteDriver } from "../../src/adapters/drivers/pglite.js"
import { PostgresJsDriver } from "../../src/adapters/drivers/postgres-js.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { type Job, PgQueuer, Queries } from "../../src/index.js"
import { deferred, eventually, installQueue, type TestContext, type TestQueue } from "../support/queue.js"

type Work = (client: pg.PoolClient, context: TestContext, job: Job) => Promise<unknown>

it("commits what the handler wrote and the end of its job together, with a result", async () => {
  const { queue, queries, rows, handler, pgq, start } = await shop()
  const ended: string[] = []
  pgq.on("ended", ({ status }) => ended.push(status))
  handler(async (client, context, job) => {
    await client.query(rows.insert, [job.id])
    await context.complete(client, { sum: 7 })
    expect((await queue.queries.job(job.id))!.status).toBe("picked")
    await client.query("commit")
    expect((await queue.queries.job(job.id))!.status).toBe("successful")
    return "does not count"
  })
  start()
  const [id] = await queries.enqueue("a")
  await queue.ended(1)
  expect(await rows.all()).toEqual([id])
  expect(await queue.sql("select result, error from pgqueuer.outcome")).toEqual([{ result: { sum: 7 }, error: null }])
  await eventually(() => ended.length === 1)
  expect(ended).toEqual(["successful"])
  await noClaims(queue)
})

it("fails the attempt when the handler returns and its transaction is rolled back", async () => {
  const { queue, queries, rows, handler, start } = await shop()
  handler(async (client, context, job) => {
    await client.query(rows.insert, [job.id])
    await context.complete(client)
    await client.query("rollback")
  })
  start()
  const [id] = await queries.enqueue("a")
  await queue.ended(1)
  expect(await queries.job(id!)).toMatchObject({
    status: "exception",
    error: expect.stringContaining("[PGQ_COMPLETE_ROLLED_BACK]"),
  })
  expect(await rows.all()).toEqual([])
  await noClaims(queue)
})

it("retries a rolled back attempt as any other, and keeps the handler's own error", async () => {
  const { queue, queries, rows, handler, start } = await shop()
  handler(async (client, context, job) => {
    await client.query(rows.insert, [job.id])
    await context.complete(client)
    if (context.attempt === 1) throw new RetryRequested({ delay: 10, reason: "not yet" })
    if (context.attempt === 2) throw new Error("rolled back by the caller")
    await client.query("commit")
  })
  start()
  const [id] = await queries.enqueue("a", 1, { maxAttempts: 3 })
  await queue.ended(1)
  expect(await queries.job(id!)).toMatchObject({ status: "successful", attempt: 3 })
  expect((await queries.failures(id!)).map(({ error }) => error)).toEqual([
    expect.stringContaining("not yet"),
    "Error: rolled back by the caller",
  ])
  expect(await rows.all()).toEqual([id])
})

it("counts the job as done when the handler throws after its commit", async () => {
  const { queue, queries, handler, start } = await shop()
  handler(async (client, context) => {
    await context.complete(client)
    await client.query("commit")
    throw new Error("too late")
  })
  start()
  const [id] = await queries.enqueue("a")
  await queue.ended(1)
  await noClaims(queue)
  expect(await queries.job(id!)).toMatchObject({ status: "successful", error: null })
  expect(await queries.failures(id!)).toEqual([])
})

it("records the other jobs of its batch while one transaction stays open, and heartbeats go on", async () => {
  const { queue, queries, rows, pgq, start, inTransaction } = await shop()
  const opened = deferred()
  pgq.entrypoint("a", async (job, context) => {
    if (job.payload !== "slow") return
    await inTransaction(async (client) => {
      await client.query(rows.insert, [job.id])
      await context.complete(client)
      opened.resolve()
      await new Promise((resolve) => setTimeout(resolve, 5_000))
      await client.query("commit")
    })
  })
  const ids = await queries.enqueueMany(
    Array.from({ length: 100 }, (_, n) => ({ entrypoint: "a", payload: n === 50 ? "slow" : n })),
  )
  start()
  await opened.promise
  const began = performance.now()
  await queue.ended(99, 3_000)
  expect(performance.now() - began).toBeLessThan(3_000)
  expect((await queries.job(ids[50]!))!.status).toBe("picked")
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const [beat] = await queue.sql<{ age: number }>(
    "select extract(epoch from clock_timestamp() - heartbeat_at)::float8 as age from pgqueuer.worker",
  )
  expect(beat!.age).toBeLessThan(1.5)
  await queue.ended(100)
  expect((await queries.job(ids[50]!))!.status).toBe("successful")
  await noClaims(queue)
}, 20_000)

it("waits for a handler that returns and commits later, and keeps its slot until then", async () => {
  const { queue, queries, pgq, start, open } = await shop({ maxConcurrentTasks: 1 })
  const clients: pg.PoolClient[] = []
  pgq.entrypoint("a", async (_, context) => {
    const client = await open()
    clients.push(client)
    // Not awaited: the call is under way when the handler returns.
    void context.complete(client).catch(() => {})
  })
  start()
  const [first, second] = await queries.enqueue(["a", "a"])
  await eventually(() => clients.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(clients).toHaveLength(1)
  expect((await queries.job(second!))!.status).toBe("queued")
  await clients[0]!.query("commit")
  clients[0]!.release()
  await eventually(() => clients.length === 2)
  expect((await queries.job(first!))!.status).toBe("successful")
  await clients[1]!.query("rollback")
  clients[1]!.release()
  await queue.ended(2)
  expect((await queries.job(second!))!.error).toContain("PGQ_COMPLETE_ROLLED_BACK")
})

it("refuses a second call, one after the handler's end, and a client without a transaction, each with a code", async () => {
  const { queue, queries, handler, start, pool } = await shop()
  const codes: unknown[] = []
  let late: TestContext | undefined
  const attempt = (work: () => Promise<void>) => work().catch((error) => void codes.push(error.code))
  handler(async (client, context) => {
    late = context
    const other = await pool.connect()
    await attempt(() => context.complete(other))
    other.release()
    await attempt(() => context.complete(client, NaN))
    await context.complete(client)
    await attempt(() => context.complete(client))
    await client.query("commit")
    await client.query("begin")
    await attempt(() => context.complete(client))
    await client.query("rollback")
  })
  start()
  await queries.enqueue("a")
  await queue.ended(1)
  await noClaims(queue)
  await attempt(() => late!.complete(pool))
  expect(codes).toEqual(["PGQ_DRIVER_CLOSED", "PGQ_RESULT_INVALID", "PGQ_JOB_ENDED", "PGQ_JOB_ENDED", "PGQ_JOB_ENDED"])
})

it("lets a handler try again after its transaction was rolled back, or the savepoint in it", async () => {
  const { queue, queries, rows, handler, start } = await shop()
  handler(async (client, context, job) => {
    await context.complete(client)
    await client.query("rollback; begin; savepoint here")
    await context.complete(client)
    await client.query("rollback to savepoint here")
    await client.query(rows.insert, [job.id])
    await context.complete(client, "third")
    await client.query("commit")
  })
  start()
  const [id] = await queries.enqueue("a")
  await queue.ended(1)
  expect(await rows.all()).toEqual([id])
  expect(await queue.sql("select result from pgqueuer.outcome")).toEqual([{ result: "third" }])
  await noClaims(queue)
})

it("has failed when the savepoint of its completion was rolled back and the rest committed", async () => {
  const { queue, queries, handler, start } = await shop()
  handler(async (client, context) => {
    await client.query("savepoint here")
    await context.complete(client)
    await client.query("rollback to savepoint here")
    await client.query("commit")
  })
  start()
  const [id] = await queries.enqueue("a")
  await queue.ended(1)
  expect((await queries.job(id!))!.error).toContain("PGQ_COMPLETE_ROLLED_BACK")
})

it("throws JobStopped for a job that was canceled before, which then ends as canceled", async () => {
  const { queue, queries, rows, handler, start } = await shop()
  let thrown: unknown
  handler(async (client, context, job) => {
    await client.query(rows.insert, [job.id])
    // As cancel does, without waking the worker.
    await queue.sql("update pgqueuer.claim set stop_ids = job_ids")
    await context.complete(client).catch((error) => {
      thrown = error
      throw error
    })
    await client.query("commit")
  })
  start()
  const [id] = await queries.enqueue("a")
  await queue.ended(1)
  expect(thrown).toMatchObject({ name: "JobStopped", reason: "canceled" })
  expect((await queries.job(id!))!.status).toBe("canceled")
  expect(await rows.all()).toEqual([])
})

it.each([
  ["commit", "successful"],
  ["rollback", "canceled"],
])("lets a cancellation that came after complete lose against a %s or win", async (end, status) => {
  const { queue, queries, handler, start } = await shop()
  handler(async (client, context, job) => {
    await context.complete(client)
    expect(await queue.queries.cancel(job.id)).toEqual([{ id: job.id, done: true, status: "picked" }])
    await client.query(end)
  })
  start()
  const [id] = await queries.enqueue("a")
  await queue.ended(1)
  expect((await queries.job(id!))!.status).toBe(status)
  await noClaims(queue)
})

it("refuses a worker that has lost its claim, and records a commit that came before the loss once", async () => {
  const { queue, queries, rows, handler, start } = await shop({ heartbeatTimeout: "2s" })
  const codes: unknown[] = []
  const lose = () => queue.sql("update pgqueuer.worker set stopped_at = now(), lost = true where stopped_at is null")
  let runs = 0
  handler(async (client, context, job) => {
    runs++
    if (job.payload === "before") {
      await client.query(rows.insert, [job.id])
      await context.complete(client)
      await lose()
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      await client.query("commit")
    } else if (runs === 2) {
      await lose()
      await eventually(() => context.signal.aborted)
      await context.complete(client).catch((error) => void codes.push(error.code))
    }
  })
  start()
  const [before] = await queries.enqueue("a", "before")
  await queue.ended(1)
  await noClaims(queue)
  expect(runs).toBe(1)
  const [after] = await queries.enqueue("a", "after")
  await queue.ended(2)
  expect(runs).toBe(3)
  expect(codes).toEqual(["PGQ_JOB_ENDED"])
  expect(await rows.all()).toEqual([before])
  expect(await queries.job(before!)).toMatchObject({ status: "successful", rescues: 0 })
  expect((await queries.job(after!))!.status).toBe("successful")
}, 20_000)

it("leaves a transaction that is open at a stop to the rescue: committed, nothing runs again", async () => {
  const { queue, queries, rows, pgq, start, open } = await shop({ shutdownTimeout: 100, heartbeatTimeout: "2s" })
  const clients = new Map<unknown, pg.PoolClient>()
  pgq.entrypoint("a", async (job, context) => {
    const client = await open()
    await client.query(rows.insert, [job.id])
    await context.complete(client)
    clients.set(job.payload, client)
    await new Promise(() => {})
  })
  const running = start()
  const ids = await queries.enqueueMany(["commit", "rollback"].map((payload) => ({ entrypoint: "a", payload })))
  await eventually(() => clients.size === 2)
  await running.stop()
  const ran: unknown[] = []
  const other = queue.worker({ heartbeatTimeout: "2s" })
  other.pgq.entrypoint("a", (job) => void ran.push(job.payload))
  other.start()
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(ran).toEqual([])
  for (const [end, client] of clients) {
    await client.query(`${end}`)
    client.release()
  }
  await queue.ended(2)
  await noClaims(queue)
  expect(ran).toEqual(["rollback"])
  expect(await rows.all()).toEqual([ids[0]])
}, 20_000)

it("frees the dedupe key with the commit", async () => {
  const { queue, queries, handler, start } = await shop()
  handler(async (client, context) => {
    await context.complete(client)
    await client.query("commit")
  })
  start()
  await queries.enqueue("a", 1, { dedupeKey: "k" })
  await queue.ended(1)
  await noClaims(queue)
  expect(await queue.sql("select job_id from pgqueuer.dedupe")).toEqual([])
  await expect(queries.enqueue("a", 2, { dedupeKey: "k" })).resolves.toHaveLength(1)
  await queue.ended(2)
})

it("ends a drain when the last transaction is settled", async () => {
  const { queue, queries, handler, drain } = await shop()
  handler(async (client, context) => {
    await context.complete(client)
    await client.query("commit")
  })
  await queries.enqueueMany(Array.from({ length: 200 }, () => ({ entrypoint: "a" })))
  await drain()
  expect(await queries.statistics()).toMatchObject([{ status: "successful", count: 200 }])
  expect(await queue.sql("select id from pgqueuer.claim")).toEqual([])
})

it("gives the slot of a limited entrypoint to the next job when the transaction is committed", async () => {
  const { queue, queries, pgq, start, inTransaction } = await shop()
  let running = 0
  let most = 0
  pgq.entrypoint(
    "a",
    (_, context) =>
      inTransaction(async (client) => {
        most = Math.max(most, ++running)
        await context.complete(client)
        running--
        await client.query("commit")
      }),
    { concurrencyLimit: 2 },
  )
  await queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "a" })))
  start()
  await queue.ended(50, 15_000)
  expect(most).toBeLessThanOrEqual(2)
  await noClaims(queue)
})

it("completes a job in a transaction of postgres.js", async () => {
  const queue = await installQueue()
  const sql = postgres(queue.database.url, { max: 10, onnotice: () => {} })
  onTestFinished(() => sql.end())
  const { pgq, start } = queue.worker({}, new PostgresJsDriver(sql))
  pgq.entrypoint("a", (job, context) =>
    sql.begin(async (transaction) => {
      await context.complete(transaction, { text: 'with "quotes"' })
      if (job.payload === "bad") throw new Error("bad")
    }),
  )
  start()
  const [good, bad] = await queue.queries.enqueue(["a", "a"], ["good", "bad"])
  await queue.ended(2)
  expect((await queue.queries.job(good!))!.status).toBe("successful")
  expect(await queue.queries.job(bad!)).toMatchObject({ status: "exception", error: "Error: bad" })
  expect(await queue.sql("select result from pgqueuer.outcome where job_id = $1", [good])).toEqual([
    { result: { text: 'with "quotes"' } },
  ])
  await noClaims(queue)
})

it("completes a job in a transaction of PGlite", async () => {
  const database = new PGlite()
  onTestFinished(() => database.close())
  const driver = new PgliteDriver(database)
  const queries = new Queries(driver)
  await queries.install()
  await database.exec("create table written (job_id bigint)")
  const pgq = new PgQueuer(driver)
  pgq.entrypoint("a", (job, context) =>
    database.transaction(async (transaction) => {
      await transaction.query("insert into written (job_id) values ($1)", [job.id])
      await context.complete(transaction, { sum: 7 })
      if (job.payload === "bad") throw new Error("bad")
    }),
  )
  const [good, bad] = await queries.enqueue(["a", "a"], ["good", "bad"])
  await pgq.run({ mode: "drain" })
  expect((await database.query("select job_id::text as id from written")).rows).toEqual([{ id: good }])
  expect((await queries.job(good!))!.status).toBe("successful")
  expect(await queries.job(bad!)).toMatchObject({ status: "exception", error: "Error: bad" })
})

interface ShopOptions {
  readonly maxConcurrentTasks?: number
  readonly shutdownTimeout?: number
  readonly heartbeatTimeout?: "2s"
}

/** A worker whose handlers write rows of their own, each in a transaction on a client of a pool of theirs. */
async function shop(options: ShopOptions = {}) {
  const queue = await installQueue()
  const table = `${queue.schema}.written`
  await queue.pool.query(`create table ${table} (job_id bigint primary key)`)
  const pool = queue.database.pool({ max: 10 })
  const { pgq, start, drain } = queue.worker(options)
  const open = async () => {
    const client = await pool.connect()
    await client.query("begin")
    return client
  }
  const inTransaction = async (work: (client: pg.PoolClient) => Promise<unknown>) => {
    const client = await open()
    try {
      return await work(client)
    } finally {
      // What was not committed is undone; after a commit this is a warning of the server's.
      await client.query("rollback")
      client.release()
    }
  }
  return {
    queue,
    queries: queue.queries,
    pool,
    pgq,
    start,
    drain,
    open,
    inTransaction,
    handler: (work: Work) =>
      pgq.entrypoint("a", (job, context) => inTransaction((client) => work(client, context, job))),
    rows: {
      insert: `insert into ${table} (job_id) values ($1)`,
      all: async () =>
        (await queue.pool.query(`select job_id::text as id from ${table} order by job_id`)).rows.map(({ id }) => id),
    },
  }
}

async function noClaims(queue: TestQueue): Promise<void> {
  await eventually(async () => (await queue.sql("select id from pgqueuer.claim")).length === 0)
}
