import { expect, it } from "vitest"
import { deferred, eventually, installQueue } from "../support/queue.js"

it("ends jobs that nobody could start in time, ready or deferred, and no others", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const [ready, later, moved, longer, started] = await queries.enqueueMany([
    { entrypoint: "nobody", expireAfter: 300 },
    { entrypoint: "nobody", expireAfter: 300, executeAfter: "1h" },
    { entrypoint: "nobody", expireAfter: 300, executeAfter: 100 },
    { entrypoint: "nobody", expireAfter: "1h" },
    { entrypoint: "a", expireAfter: 300 },
  ])
  const gate = deferred()
  const { pgq, start, log } = queue.worker({ heartbeatTimeout: "1s" })
  pgq.entrypoint("a", () => gate.promise)
  start()
  await queue.ended(3)
  for (const id of [ready!, later!, moved!]) {
    expect(await queries.job(id)).toMatchObject({
      status: "deleted",
      error: "expired",
      startedAt: null,
      finishedAt: expect.any(Date),
    })
  }
  expect(await queries.job(longer!)).toMatchObject({ status: "queued" })
  expect(await queries.job(started!)).toMatchObject({ status: "picked" })
  gate.resolve()
  await queue.ended(4)
  expect(await queries.job(started!)).toMatchObject({ status: "successful" })
  expect(await queue.sql("select job_id::text as id from pgqueuer.expiry")).toEqual([{ id: longer }])
  expect(log.messages("info")).toContain("jobs expired before they could start")
  expect(log.messages("error")).toEqual([])
})

it("ends it soon after its time, also when it was enqueued while the worker was idle", async () => {
  const queue = await installQueue()
  const { pgq, start, log } = queue.worker({ heartbeatTimeout: "1s" })
  pgq.entrypoint("a", () => {})
  start()
  await eventually(() => log.messages("info").includes("worker started"))
  const [id] = await queue.queries.enqueue("nobody", 1, { expireAfter: 800 })
  await queue.ended(1)
  const { createdAt, finishedAt } = (await queue.queries.job(id!))!
  const tookMs = finishedAt!.getTime() - createdAt.getTime()
  expect(tookMs).toBeGreaterThanOrEqual(800)
  expect(tookMs).toBeLessThan(2_000)
})

it("lets a job that failed in time wait for its next attempt", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ heartbeatTimeout: "1s" })
  pgq.entrypoint(
    "a",
    (job) => {
      if (job.attempt === 1) throw new Error("once")
    },
    { retry: { initialDelay: "1s", jitter: 0 } },
  )
  start()
  const [id] = await queue.queries.enqueue("a", 1, { expireAfter: 300 })
  await queue.ended(1)
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful", attempt: 2 })
  await eventually(async () => (await queue.sql("select from pgqueuer.expiry")).length === 0)
})

it("looks again soon at a job that another statement is at, and frees its place in time", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("nobody", 1, { expireAfter: 0 })
  const other = await queue.pool.connect()
  await other.query("begin")
  await other.query(`select from ${queue.schema}.ready for update`)
  const { pgq, start } = queue.worker({ heartbeatTimeout: "1s" })
  pgq.entrypoint("a", () => {})
  start()
  await eventually(async () => {
    const [row] = await queue.sql<{ later: boolean }>("select expire_at > now() as later from pgqueuer.expiry")
    return row?.later === true
  })
  expect((await queue.queries.job(id!))!.status).toBe("queued")
  await other.query("rollback")
  other.release()
  await queue.ended(1)
  expect(await queue.queries.job(id!)).toMatchObject({ status: "deleted", error: "expired" })
})

it("frees the dedupe key, and tells those who wait for an end", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("nobody", 1, { expireAfter: 0 })
  await queue.sql("insert into pgqueuer.dedupe (entrypoint, key, job_id) values ('nobody', 'k', $1)", [id])
  await queue.sql("insert into pgqueuer.watcher default values")
  const heard: string[] = []
  const ends = await queue.driver.listen(`${queue.schema}.ends`, {
    onNotification: (payload) => heard.push(payload),
    onLost: () => {},
  })
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  await drain()
  await eventually(() => heard.length > 0)
  await ends.close()
  expect(heard.map((payload) => JSON.parse(payload))).toEqual([{ ended: [id] }])
  expect(await queue.sql("select from pgqueuer.dedupe")).toEqual([])
})

it("ends thousands at once, and each of them once when several workers do it", async () => {
  const queue = await installQueue()
  const jobs = Array.from({ length: 5_000 }, () => ({ entrypoint: "nobody", expireAfter: 0 }))
  await queue.queries.enqueueMany(jobs)
  for (let n = 0; n < 3; n++) {
    const { pgq, start } = queue.worker()
    pgq.entrypoint("a", () => {})
    start()
  }
  await queue.ended(5_000)
  expect(await queue.queries.statistics()).toMatchObject([{ entrypoint: "nobody", status: "deleted", count: 5_000 }])
  expect(await queue.queries.queueSize()).toEqual([])
})
