import { expect, it } from "vitest"
import { PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import type { JobStopped } from "../../src/index.js"
import type { Driver } from "../../src/ports/driver.js"
import { Queries } from "../../src/queries.js"
import { deferred, eventually, installQueue, type TestContext, type TestQueue } from "../support/queue.js"

it("aborts the signal of a running job at once, and ends it as canceled when its handler has ended", async () => {
  const queue = await installQueue()
  const ended: string[] = []
  const { id, context, release, pgq } = await runOne(queue)
  pgq.on("ended", ({ status }) => ended.push(status))
  const asked = performance.now()
  expect(await queue.queries.cancel(id)).toEqual([{ id, done: true, status: "picked" }])
  expect(await abortion(context.signal)).toMatchObject({ name: "JobStopped", reason: "canceled" })
  expect(performance.now() - asked).toBeLessThan(500)
  expect((await queue.queries.job(id))!.status).toBe("picked")
  release("a result that nobody wants")
  await queue.ended(1)
  expect((await queue.queries.job(id))!).toMatchObject({ status: "canceled", error: null })
  expect(await queue.sql("select result from pgqueuer.outcome")).toEqual([{ result: null }])
  expect(ended).toEqual(["canceled"])
})

it("aborts the signal within a second when no notification arrives", async () => {
  const queue = await installQueue()
  const { id, context, release } = await runOne(queue, { listens: false })
  const asked = performance.now()
  await queue.queries.cancel(id)
  await abortion(context.signal)
  expect(performance.now() - asked).toBeLessThan(1_300)
  release()
  await queue.ended(1)
})

it("keeps the slot of a canceled job until its handler has ended", async () => {
  const queue = await installQueue()
  const { id, context, release } = await runOne(queue, { maxConcurrentTasks: 1 })
  const [next] = await queue.queries.enqueue("quick")
  await queue.queries.cancel(id)
  await abortion(context.signal)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect((await queue.queries.job(next!))!.status).toBe("queued")
  release()
  await queue.ended(2)
  expect((await queue.queries.job(next!))!.status).toBe("successful")
})

it.each([
  ["fails", () => Promise.reject(new Error("no"))],
  ["asks for another attempt", () => Promise.reject(new RetryRequested({ delay: 10 }))],
])("ends a canceled job as canceled when its handler %s", async (_, end) => {
  const queue = await installQueue()
  const { id, context, release } = await runOne(queue, { end })
  await queue.queries.cancel(id)
  await abortion(context.signal)
  release()
  await queue.ended(1)
  expect(await queue.queries.job(id)).toMatchObject({ status: "canceled", attempt: 1, error: null })
  expect(await queue.queries.failures(id)).toEqual([])
})

it("says the same to who cancels twice, and tells a worker that cannot know yet: the mark wins over the end", async () => {
  const queue = await installQueue()
  const { id, release } = await runOne(queue)
  // As cancel does, without waking anybody: the handler returns before the next heartbeat.
  await queue.sql("update pgqueuer.claim set stop_ids = job_ids")
  release()
  await queue.ended(1)
  expect((await queue.queries.job(id))!.status).toBe("canceled")
  expect(await queue.queries.cancel(id)).toEqual([{ id, done: false, status: "canceled" }])
})

it("ends jobs that a worker holds and has not started as canceled at once, and never runs them", async () => {
  const queue = await installQueue()
  const gate = deferred()
  const ran: string[] = []
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 2 })
  pgq.entrypoint("a", async (job) => {
    ran.push(job.id)
    if (job.payload === "slow") await gate.promise
  })
  start()
  // Quick ones teach the worker to take some ahead.
  await queue.queries.enqueueMany(Array.from({ length: 300 }, () => ({ entrypoint: "a" })))
  await queue.ended(300)
  const ids = await queue.queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "a", payload: "slow" })))
  await eventually(() => ran.length === 302)
  const results = await queue.queries.cancel(ids)
  expect(results.every(({ done }) => done)).toBe(true)
  await queue.ended(348)
  gate.resolve()
  await queue.ended(350)
  expect(ran).toHaveLength(302)
  expect(await statuses(queue)).toEqual({ successful: 300, canceled: 50 })
})

it("cancels 5,000 jobs in one transaction: waiting, running, ended, unknown", async () => {
  const queue = await installQueue()
  const gate = deferred()
  const reasons: unknown[] = []
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 1_000 })
  pgq.entrypoint("quick", () => {})
  pgq.entrypoint("slow", async (_, { signal }) => {
    signal.addEventListener("abort", () => reasons.push((signal.reason as JobStopped).reason))
    await gate.promise
  })
  start()
  const many = (entrypoint: string, length: number) =>
    queue.queries.enqueueMany(Array.from({ length }, () => ({ entrypoint })))
  const ended = await many("quick", 1_000)
  await queue.ended(1_000)
  const running = await many("slow", 1_000)
  await eventually(async () => (await queue.queries.jobs({ status: "picked", limit: 1_000 })).length === 1_000)
  const waiting = await many("nobody", 2_000)
  const unknown = Array.from({ length: 1_000 }, (_, n) => `${9_000_000 + n}`)
  const ids = [...waiting, ...unknown, ...running, ...ended].sort()
  const results = new Map((await queue.queries.cancel(ids)).map((result) => [result.id, result]))
  const expectAll = (some: readonly string[], expected: object) => {
    for (const id of some) expect(results.get(id)).toEqual({ id, ...expected })
  }
  expectAll(waiting, { done: true, status: "canceled" })
  expectAll(unknown, { done: false, status: "unknown" })
  expectAll(running, { done: true, status: "picked" })
  expectAll(ended, { done: false, status: "successful" })
  await eventually(() => reasons.length === 1_000, 2_000)
  expect(new Set(reasons)).toEqual(new Set(["canceled"]))
  gate.resolve()
  await queue.ended(4_000)
  expect(await statuses(queue)).toEqual({ successful: 1_000, canceled: 3_000 })
})

it("cancels nothing when the caller's transaction is rolled back", async () => {
  const queue = await installQueue()
  const { id, context, release } = await runOne(queue)
  const client = await queue.pool.connect()
  await client.query("begin")
  const queries = new Queries(PgDriver.inTransaction(client), { schema: queue.schema })
  const [waiting] = await queue.queries.enqueue("nobody")
  expect(await queries.cancel([id, waiting!])).toMatchObject([{ status: "picked" }, { status: "canceled" }])
  await client.query("rollback")
  client.release()
  expect((await queue.queries.job(waiting!))!.status).toBe("queued")
  release()
  await queue.ended(1)
  expect(context.signal.aborted).toBe(false)
  expect((await queue.queries.job(id))!.status).toBe("successful")
})

it("does not cancel what is held as failed", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("a")
  await queue.sql(`with gone as (delete from pgqueuer.ready returning *)
    insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues) select job_id, entrypoint, rank, 1, 0 from gone`)
  expect(await queue.queries.cancel(id!)).toEqual([{ id, done: false, status: "failed" }])
})

it("cancels for good what its worker puts back: by a stop, by dying", async () => {
  const queue = await installQueue()
  const stopped = await runOne(queue, { shutdownTimeout: 0 })
  await queue.sql("update pgqueuer.claim set stop_ids = job_ids")
  await stopped.stop()
  await queue.ended(1)
  const lost = await runOne(queue, { heartbeatTimeout: "2s" })
  await queue.queries.cancel(lost.id)
  await queue.sql("update pgqueuer.worker set stopped_at = now(), lost = true where stopped_at is null")
  await queue.ended(2)
  lost.release()
  expect(await statuses(queue)).toEqual({ canceled: 2 })
  expect(await abortion(lost.context.signal)).toBeDefined()
})

it("loses no cancellation in 200 races against handlers that end, fail, retry and are put back", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 20 })
  pgq.entrypoint("a", async (job) => {
    await new Promise((resolve) => setTimeout(resolve, Number(job.payload)))
    if (job.attempt < 3 && Number(job.id) % 3 === 0) throw new RetryRequested({ delay: Number(job.payload) })
    if (Number(job.id) % 5 === 0) throw new Error("now and then")
  })
  start()
  const done: string[] = []
  let all = 0
  for (let round = 0; round < 200; round++) {
    const ids = await queue.queries.enqueueMany(
      Array.from({ length: 10 }, (_, n) => ({ entrypoint: "a", payload: n % 4, priority: n % 2 })),
    )
    all += ids.length
    await new Promise((resolve) => setTimeout(resolve, round % 15))
    const results = await queue.queries.cancel(ids)
    expect(results.filter(({ status }) => ["queued", "deferred", "unknown", "failed"].includes(status))).toEqual([])
    for (const result of results) if (result.done) done.push(result.id)
  }
  await queue.ended(all)
  const rows = await queue.sql<{ id: string }>(
    "select job_id::text as id from pgqueuer.outcome where status = 'canceled'",
  )
  expect(rows.map(({ id }) => id).sort()).toEqual(done.sort())
}, 60_000)

interface RunOptions {
  readonly listens?: boolean
  readonly maxConcurrentTasks?: number
  readonly shutdownTimeout?: number
  readonly heartbeatTimeout?: "2s"
  end?(): Promise<unknown>
}

/** A job that runs until it is released, whatever its signal says. */
async function runOne(queue: TestQueue, { listens = true, end, ...options }: RunOptions = {}) {
  const gate = deferred<unknown>()
  const running = deferred<TestContext>()
  const worker = queue.worker(options, listens ? undefined : deaf(new PgPoolDriver(queue.database.pool({ max: 6 }))))
  worker.pgq.entrypoint("quick", () => {})
  worker.pgq.entrypoint("a", async (_, context) => {
    running.resolve(context)
    const result = await gate.promise
    return end === undefined ? result : end()
  })
  const { stop } = worker.start()
  const [id] = await queue.queries.enqueue("a")
  const context = await running.promise
  void context.signal
  return { id: id!, context, release: (result?: unknown) => gate.resolve(result), stop, pgq: worker.pgq }
}

/** The driver of a connection on which notifications never arrive. */
function deaf(driver: Driver): Driver {
  return {
    label: driver.label,
    features: driver.features,
    query: driver.query.bind(driver) as Driver["query"],
    transaction: driver.transaction.bind(driver) as Driver["transaction"],
    session: () => driver.session(),
    listen: async () => ({ close: async () => {} }),
  }
}

async function abortion(signal: AbortSignal): Promise<unknown> {
  await eventually(() => signal.aborted, 5_000, 5)
  return signal.reason
}

async function statuses(queue: TestQueue): Promise<Record<string, number>> {
  const rows = await queue.sql<{ status: string; count: number }>(
    "select status, count(*)::int as count from pgqueuer.outcome group by status",
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}
