import { hostname } from "node:os"
import { expect, it } from "vitest"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { deferred, eventually, installQueue } from "../support/queue.js"

it("shows a job in each of its places", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const gate = deferred()
  const [queued] = await queries.enqueue("nobody", { a: 1 }, { priority: 3, headers: { h: 1 } })
  const [later] = await queries.enqueue("nobody", 1, { executeAfter: "1h" })
  const [running] = await queries.enqueue("slow")
  const [good] = await queries.enqueue("good")
  const [bad] = await queries.enqueue("bad")
  const { pgq, start } = queue.worker()
  pgq.entrypoint("slow", () => gate.promise)
  pgq.entrypoint("good", () => {})
  pgq.entrypoint("bad", () => {
    throw new Error("bad")
  })
  start()
  await queue.ended(2)
  await eventually(async () => (await queries.job(running!))!.status === "picked")
  const worker = { id: expect.stringMatching(/^\d+$/), host: hostname(), pid: process.pid }
  expect(await queries.job(queued!)).toEqual({
    id: queued,
    entrypoint: "nobody",
    status: "queued",
    priority: 3,
    attempt: 1,
    rescues: 0,
    payload: { a: 1 },
    headers: { h: 1 },
    createdAt: expect.any(Date),
    executeAfter: null,
    expireAt: null,
    dedupeKey: null,
    maxAttempts: null,
    timeoutMs: null,
    startedAt: null,
    finishedAt: null,
    worker: null,
    error: null,
  })
  expect(await queries.job(later!)).toMatchObject({ status: "deferred", executeAfter: expect.any(Date) })
  expect(await queries.job(running!)).toMatchObject({ status: "picked", startedAt: expect.any(Date), worker })
  const ended = { startedAt: expect.any(Date), finishedAt: expect.any(Date), worker }
  expect(await queries.job(good!)).toMatchObject({ status: "successful", ...ended, error: null })
  expect(await queries.job(bad!)).toMatchObject({ status: "exception", ...ended, error: "Error: bad" })
  gate.resolve()
  await queue.ended(3)
})

it("knows nothing of a job that isn't there", async () => {
  const { queries } = await installQueue()
  expect(await queries.job("12345")).toBeUndefined()
  expect(await queries.failures("12345")).toEqual([])
})

it("lists jobs newest first, by status and entrypoint, page by page", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const ids = await queries.enqueueMany(
    Array.from({ length: 25 }, (_, n) => ({
      entrypoint: n % 5 === 0 ? "b" : "a",
      ...(n % 2 === 0 ? {} : { executeAfter: "1h" as const }),
    })),
  )
  const newest = [...ids].reverse()
  expect((await queries.jobs()).map((job) => job.id)).toEqual(newest)
  expect((await queries.jobs({ limit: 10 })).map((job) => job.id)).toEqual(newest.slice(0, 10))
  expect((await queries.jobs({ limit: 10, after: newest[9]! })).map((job) => job.id)).toEqual(newest.slice(10, 20))
  const deferredOfB = await queries.jobs({ status: "deferred", entrypoint: "b" })
  expect(deferredOfB.map((job) => job.id)).toEqual([ids[15], ids[5]])
  for (const status of ["picked", "failed", "successful", "exception", "canceled", "deleted"] as const) {
    expect(await queries.jobs({ status })).toEqual([])
  }
  await expect(queries.jobs({ status: "done" as never })).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  await expect(queries.jobs({ limit: 0 })).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  await expect(queries.jobs({ after: "x" })).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  await expect(queries.jobs({ entrypoint: "a\0" })).rejects.toMatchObject({ code: "PGQ_NAME_INVALID" })
  await expect(queries.jobs({ entrypoint: 7 as never })).rejects.toMatchObject({ code: "PGQ_NAME_INVALID" })
  await expect(queries.jobs({ statsu: "queued" } as never)).rejects.toThrow(/did you mean status/)
})

it("counts unfinished jobs exactly, by entrypoint and status", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const gate = deferred()
  await queries.enqueueMany(Array.from({ length: 250 }, () => ({ entrypoint: "a" })))
  await queries.enqueue("a", 1, { executeAfter: "1h" })
  await queries.enqueueMany(Array.from({ length: 150 }, () => ({ entrypoint: "slow" })))
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 130 })
  pgq.entrypoint("slow", () => gate.promise)
  start()
  await eventually(async () => (await queries.jobs({ status: "picked", limit: 1_000 })).length >= 130)
  const sizes = await queries.queueSize()
  const of = (entrypoint: string) =>
    sizes.filter((size) => size.entrypoint === entrypoint).reduce((sum, size) => sum + size.count, 0)
  expect(sizes.filter((size) => size.entrypoint === "a")).toEqual([
    { entrypoint: "a", status: "deferred", count: 1 },
    { entrypoint: "a", status: "queued", count: 250 },
  ])
  expect(of("slow")).toBe(150)
  gate.resolve()
  await queue.ended(150)
  await eventually(async () => (await queries.queueSize()).every((size) => size.entrypoint === "a"))
})

it("tells how many jobs ended how within a time", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", (job) => {
    if (job.payload === "bad") throw new Error("bad")
  })
  await queue.queries.enqueue(["a", "a", "a"], ["good", "good", "bad"])
  const [canceled] = await queue.queries.enqueue("a", 1, { executeAfter: "1h" })
  await queue.queries.cancel(canceled!)
  await drain()
  expect(await queue.queries.statistics({ since: "5m" })).toEqual([
    { entrypoint: "a", status: "canceled", count: 1 },
    { entrypoint: "a", status: "exception", count: 1 },
    { entrypoint: "a", status: "successful", count: 2 },
  ])
  await queue.sql("update pgqueuer.rollup_entry set minute = minute - interval '1 hour'")
  await queue.sql("update pgqueuer.rollup set starts_at = starts_at - interval '1 hour'")
  expect(await queue.queries.statistics({ since: "5m" })).toEqual([])
  await expect(queue.queries.statistics({ since: "soon" as never })).rejects.toMatchObject({
    code: "PGQ_OPTION_INVALID",
  })
})

it("keeps each failed attempt with its worker and its time, oldest first", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", (job) => {
    if (job.attempt < 3) throw new RetryRequested({ reason: `attempt ${job.attempt}` })
    throw new Error("the last")
  })
  const [id] = await queue.queries.enqueue("a")
  await drain()
  const failures = await queue.queries.failures(id!)
  expect(failures.map(({ attempt, error }) => [attempt, error])).toEqual([
    [1, "RetryRequested: attempt 1"],
    [2, "RetryRequested: attempt 2"],
    [3, "Error: the last"],
  ])
  expect(failures.every((failure) => failure.workerId !== null && failure.failedAt instanceof Date)).toBe(true)
})

it("joins all places into one view for people", async () => {
  const queue = await installQueue()
  await queue.queries.enqueue("a", 1, { priority: 4 })
  await queue.queries.enqueue("b", 1, { executeAfter: "1h" })
  expect(
    await queue.sql("select entrypoint, status, priority, attempt from pgqueuer.job_status order by job_id"),
  ).toEqual([
    { entrypoint: "a", status: "queued", priority: 4, attempt: 1 },
    { entrypoint: "b", status: "deferred", priority: 0, attempt: 1 },
  ])
})

it("shows the settings that a job brought with it", async () => {
  const { queries } = await installQueue()
  const settings = { dedupeKey: "user 7", maxAttempts: 3, timeout: "5s", expireAfter: "1h" } as const
  const [id] = await queries.enqueue("mail", 1, settings)
  const job = await queries.job(id!)
  expect(job).toMatchObject({ dedupeKey: "user 7", maxAttempts: 3, timeoutMs: 5_000, expireAt: expect.any(Date) })
  expect(job!.expireAt!.getTime() - job!.createdAt.getTime()).toBeCloseTo(3_600_000, -3)
})
