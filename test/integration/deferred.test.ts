import { expect, it } from "vitest"
import { eventually, installQueue } from "../support/queue.js"

it("starts a job deferred by a duration at its time, on an idle worker that does not poll", async () => {
  const queue = await installQueue()
  const started: number[] = []
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  pgq.entrypoint("a", () => void started.push(performance.now()))
  start()
  const before = performance.now()
  const [id] = await queue.queries.enqueue("a", 1, { executeAfter: "500ms" })
  expect((await queue.queries.job(id!))!.status).toBe("deferred")
  await queue.ended(1)
  expect(started[0]! - before).toBeGreaterThan(490)
  expect(started[0]! - before).toBeLessThan(3_000)
})

it("takes an absolute time as a Date or a string with a zone, and one in the past means now", async () => {
  const { queries } = await installQueue()
  const at = new Date("2040-01-31T08:00:00.000Z")
  const times = [at, "2040-01-31T08:00:00Z", "2040-01-31T10:00:00+02:00"]
  for (const executeAfter of times) {
    const [id] = await queries.enqueue("a", 1, { executeAfter })
    expect(await queries.job(id!)).toMatchObject({ status: "deferred", executeAfter: at })
  }
  for (const executeAfter of [new Date(0), "1999-12-31T23:59:59Z", 0, "0s"]) {
    const [id] = await queries.enqueue("a", 1, { executeAfter })
    expect(await queries.job(id!)).toMatchObject({ status: "queued" })
  }
})

it("takes times that are thousands of years ahead", async () => {
  const { queries } = await installQueue()
  const at = new Date("9998-12-31T00:00:00Z")
  const [id] = await queries.enqueue("a", 1, { executeAfter: at })
  expect((await queries.job(id!))!.executeAfter).toEqual(at)
})

it("starts the earlier one of two in time, though it came later", async () => {
  const queue = await installQueue()
  const seen: unknown[] = []
  const { pgq, log, start } = queue.worker({ pollInterval: "60s" })
  pgq.entrypoint("a", (job) => void seen.push(job.payload))
  start()
  await eventually(() => log.messages("info").includes("worker started"))
  await queue.queries.enqueue("a", "late", { executeAfter: "60s" })
  await queue.queries.enqueue("a", "early", { executeAfter: "200ms" })
  await queue.ended(1)
  expect(seen).toEqual(["early"])
})

it("starts jobs that were due while no worker was there, in the order of their times", async () => {
  const queue = await installQueue()
  const ids = await queue.queries.enqueueMany(
    Array.from({ length: 50 }, (_, n) => ({ entrypoint: "a", payload: n, executeAfter: 100 + ((n * 7) % 50) })),
  )
  await eventually(async () => {
    const [row] = await queue.sql<{ due: boolean }>("select bool_and(run_at < now()) as due from pgqueuer.deferred")
    return row!.due
  })
  const seen: string[] = []
  const { pgq, drain } = queue.worker({ maxConcurrentTasks: 1 })
  pgq.entrypoint("a", async (job) => void seen.push(job.id))
  await drain()
  const dueTime = (id: string) => (ids.indexOf(id) * 7) % 50
  expect(seen.map(dueTime)).toEqual(Array.from({ length: 50 }, (_, n) => n))
})

it("promotes more due jobs than fit into one batch", async () => {
  const queue = await installQueue()
  await queue.queries.enqueueMany(Array.from({ length: 3_500 }, () => ({ entrypoint: "a", executeAfter: "100ms" })))
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  pgq.entrypoint("a", () => {})
  start()
  await queue.ended(3_500)
})

it("keeps priorities among jobs that are due together", async () => {
  const queue = await installQueue()
  await queue.queries.enqueueMany([1, 3, 2].map((priority) => ({ entrypoint: "a", priority, executeAfter: "50ms" })))
  await eventually(async () => (await queue.sql("select from pgqueuer.deferred where run_at > now()")).length === 0)
  const seen: number[] = []
  const { pgq, drain } = queue.worker({ maxConcurrentTasks: 1 })
  pgq.entrypoint("a", async (job) => void seen.push(job.priority))
  await drain()
  expect(seen).toEqual([3, 2, 1])
})

it("makes no early timer and no loop for a job that is deferred by 60 days", async () => {
  const queue = await installQueue()
  const { pgq, log, start } = queue.worker({ pollInterval: "60s" })
  pgq.entrypoint("far", () => {})
  pgq.entrypoint("near", () => {})
  start()
  await eventually(() => log.messages("info").includes("worker started"))
  await queue.queries.enqueue("far", 1, { executeAfter: "60d" })
  const before = await transactions()
  await queue.queries.enqueue("near", 1, { executeAfter: "2s" })
  await queue.ended(1)
  // A timer that fires at once would have sent thousands of statements in these two seconds.
  expect((await transactions()) - before).toBeLessThan(200)
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "far", status: "deferred", count: 1 }])

  async function transactions(): Promise<number> {
    const [row] = await queue.sql<{ seq: number }>(
      "select coalesce(sum(seq_scan + idx_scan), 0)::int as seq from pg_stat_all_tables where schemaname = $1 and relname = 'deferred'",
      [queue.schema],
    )
    return row!.seq
  }
})
