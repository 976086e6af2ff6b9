import { expect, test } from "vitest"
import { PostgresRecentStore } from "../../src/adapters/postgres/postgres-recent-store.js"
import { Statements } from "../../src/adapters/postgres/statement.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

test("groups the newest jobs by second, entrypoint, priority and status, wherever they stand", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const running = deferred()
  const worker = queue.worker()
  worker.pgq.entrypoint("good", () => {})
  worker.pgq.entrypoint("bad", () => Promise.reject(new Error("no paper")))
  worker.pgq.entrypoint("hold", () => Promise.reject(new Error("no ink")), { onFailure: "hold" })
  worker.pgq.entrypoint("slow", () => running.promise)
  await queries.enqueueMany(["good", "good", "bad", "hold", "slow"].map((entrypoint) => ({ entrypoint })))
  const canceled = await queries.enqueue("good", null, { executeAfter: "1h" })
  await queries.cancel(canceled as string[])
  worker.start()
  await queue.ended(4)
  await eventually(async () => (await queries.depth()).entrypoints.some(({ failed }) => failed.count === 1))
  await queries.enqueue("other", 1, { priority: 3 })
  await queries.enqueue("later", 1, { executeAfter: "1h" })
  await createdAt(queue, "2030-01-01 12:00:00.5Z")
  const groups = await store(queue).listGroups(50)
  expect(groups.map(({ entrypoint, status, count }) => [entrypoint, status, count]).sort()).toEqual([
    ["bad", "exception", 1],
    ["good", "canceled", 1],
    ["good", "successful", 2],
    ["hold", "failed", 1],
    ["later", "deferred", 1],
    ["other", "queued", 1],
    ["slow", "picked", 1],
  ])
  for (const group of groups) {
    expect(group).toMatchObject({ createdAt: new Date("2030-01-01T12:00:00Z"), complete: true })
    expect(group.hasEnded).toBe(!["queued", "deferred", "picked"].includes(group.status))
    expect(group.priority).toBe(group.entrypoint === "other" ? 3 : 0)
    expect(group.waitMs === null).toBe(["deferred", "failed"].includes(group.status))
  }
  running.resolve()
})

test("shows the priority that a job has now", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("a")
  await queue.queries.reschedule(id!, { priority: 7 })
  expect(await store(queue).listGroups(5)).toMatchObject([{ priority: 7, status: "queued", ids: [id] }])
})

test("looks behind a long backlog for what has ended, and says which groups it did not count to their end", async () => {
  const queue = await installQueue()
  await queue.queries.enqueue(["done", "done"])
  const worker = queue.worker()
  worker.pgq.entrypoint("done", () => {})
  await worker.drain()
  await createdAt(queue, "2030-01-01 12:00Z")
  await queue.queries.enqueueMany(Array.from({ length: 1_500 }, () => ({ entrypoint: "wait" })))
  await queue.sql(
    "update pgqueuer.job set created_at = timestamptz '2030-01-02Z' + interval '1 s' * (id / 500) where entrypoint = 'wait'",
  )
  const groups = await store(queue).listGroups(50)
  expect(groups.map(({ entrypoint, complete }) => [entrypoint, complete])).toEqual([
    ["wait", true],
    ["wait", true],
    ["wait", false],
    ["done", true],
  ])
  expect(groups.reduce((sum, { entrypoint, count }) => sum + (entrypoint === "wait" ? count : 0), 0)).toBe(1_000)
  expect(groups[0]!.ids.length).toBeLessThanOrEqual(100)
})

test("lists the newest failed attempts, and how their jobs ended", async () => {
  const queue = await installQueue()
  const worker = queue.worker()
  worker.pgq.entrypoint("bad", () => Promise.reject(new Error(`no paper ${"x".repeat(1_000)}`)), {
    retry: { maxAttempts: 2, initialDelay: 1 },
  })
  worker.pgq.entrypoint("later", () => Promise.reject(new Error("again")), {
    retry: { maxAttempts: 2, initialDelay: "1h" },
  })
  const [bad, later] = await queue.queries.enqueue(["bad", "later"])
  worker.start()
  await queue.ended(1)
  await eventually(async () => (await queue.queries.job(later!))!.status === "deferred")
  const failures = await store(queue).listFailures(10)
  expect(failures.map(({ jobId, attempt, endedAs }) => [jobId, attempt, endedAs]).sort()).toEqual([
    [bad, 1, "exception"],
    [bad, 2, "exception"],
    [later, 1, null],
  ])
  expect(failures.find(({ jobId }) => jobId === bad)!.error).toHaveLength(500)
  expect(await store(queue).listFailures(1)).toHaveLength(1)
})

function store({ driver, schema, prefix }: TestQueue): PostgresRecentStore {
  return new PostgresRecentStore(driver, new Statements({ schema, prefix }))
}

async function createdAt(queue: TestQueue, time: string): Promise<void> {
  await queue.sql("update pgqueuer.job set created_at = $1", [time])
}
