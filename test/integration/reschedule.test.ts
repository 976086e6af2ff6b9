import { expect, it } from "vitest"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

it("moves waiting jobs between ready and deferred, and says where they stand now", async () => {
  const { queries } = await installQueue()
  const [now] = await queries.enqueue("a")
  const [later] = await queries.enqueue("a", 1, { executeAfter: "2h" })
  expect(await queries.reschedule([now!, later!], { executeAfter: "1h" })).toEqual([
    { id: now, done: true, status: "deferred" },
    { id: later, done: true, status: "deferred" },
  ])
  const { createdAt, executeAfter } = (await queries.job(later!))!
  expect(Math.abs(executeAfter!.getTime() - createdAt.getTime() - 3_600_000)).toBeLessThan(5_000)
  expect(await queries.reschedule([later!, now!], { executeAfter: new Date(0) })).toEqual([
    { id: later, done: true, status: "queued" },
    { id: now, done: true, status: "queued" },
  ])
  expect(await queries.queueSize()).toEqual([{ entrypoint: "a", status: "queued", count: 2 }])
})

it("changes the priority and leaves the time, of jobs that were moved before too", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const [first, second, third] = await queries.enqueue(["a", "a", "a"])
  const [later] = await queries.enqueue("a", 1, { executeAfter: "1h" })
  await queries.reschedule([third!, later!], { priority: 5 })
  await queries.reschedule(third!, { priority: 7 })
  await queries.reschedule(second!, { executeAfter: 0, priority: 7 })
  expect(await queries.job(later!)).toMatchObject({ status: "deferred", priority: 5 })
  expect(await queries.job(third!)).toMatchObject({ status: "queued", priority: 7 })
  const order: string[] = []
  const { pgq, drain } = queue.worker({ maxConcurrentTasks: 1 })
  pgq.entrypoint("a", (job) => void order.push(job.id))
  await drain()
  expect(order).toEqual([third, second, first])
  expect(await queries.cancel(later!)).toEqual([{ id: later, done: true, status: "canceled" }])
})

it("starts a job that was rescheduled to now at once, and one with an earlier time at that", async () => {
  const queue = await installQueue()
  const starts: number[] = []
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  pgq.entrypoint("a", () => void starts.push(performance.now()))
  start()
  const [first, second] = await queue.queries.enqueueMany(
    [1, 2].map(() => ({ entrypoint: "a", executeAfter: "1h" as const })),
  )
  await new Promise((resolve) => setTimeout(resolve, 100))
  const asked = performance.now()
  await queue.queries.reschedule(first!, { executeAfter: 0 })
  await queue.queries.reschedule(second!, { executeAfter: "500ms" })
  await queue.ended(2, 5_000)
  expect(starts[0]! - asked).toBeLessThan(300)
  expect(starts[1]! - asked).toBeGreaterThan(495)
  expect(starts[1]! - asked).toBeLessThan(1_000)
})

it("leaves alone what runs, is held, has ended or is unknown, and says so", async () => {
  const queue = await installQueue()
  const gate = deferred()
  const { pgq, start } = queue.worker()
  pgq.entrypoint("quick", () => {})
  pgq.entrypoint("slow", () => gate.promise)
  start()
  const [quick] = await queue.queries.enqueue("quick")
  const [slow] = await queue.queries.enqueue("slow")
  const held = await hold(queue)
  await queue.ended(1)
  await eventually(async () => (await queue.queries.job(slow!))!.status === "picked")
  expect(await queue.queries.reschedule([quick!, slow!, held, "999999"], { priority: 1 })).toEqual([
    { id: quick, done: false, status: "successful" },
    { id: slow, done: false, status: "picked" },
    { id: held, done: false, status: "failed" },
    { id: "999999", done: false, status: "unknown" },
  ])
  gate.resolve()
  await queue.ended(2)
})

it.each([[{}], [undefined], [{ priority: 1.5 }], [{ executeAfter: "soon" }], [{ delay: 5 }]])(
  "refuses %j as options",
  async (options) => {
    const { queries } = await installQueue()
    await expect(queries.reschedule("1", options as never)).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  },
)

it("moves a job or runs it, never both, in 200 races against claims and promotions", async () => {
  const queue = await installQueue()
  const runs = new Map<string, number>()
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 10 })
  pgq.entrypoint("a", async (job) => void runs.set(job.id, (runs.get(job.id) ?? 0) + 1))
  start()
  const moved: string[] = []
  let all = 0
  for (let round = 0; round < 200; round++) {
    const ids = await queue.queries.enqueueMany(
      Array.from({ length: 8 }, (_, n) => ({ entrypoint: "a", executeAfter: n % 2 === 0 ? 0 : n * 3 })),
    )
    all += ids.length
    if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, round % 20))
    const results = await queue.queries.reschedule(ids, { executeAfter: "1h", priority: round % 3 })
    expect(results.filter(({ done, status }) => !done && status !== "picked" && status !== "successful")).toEqual([])
    for (const { id, done } of results) if (done) moved.push(id)
  }
  await queue.ended(all - moved.length)
  expect(moved.filter((id) => runs.has(id))).toEqual([])
  await queue.queries.reschedule(moved, { executeAfter: 0 })
  await queue.ended(all)
  expect([...runs.values()].every((count) => count === 1)).toBe(true)
  expect(runs.size).toBe(all)
})

it("puts held jobs back into line, as one more attempt, in a new place, and they start at once", async () => {
  const queue = await installQueue()
  const held = await hold(queue, 3)
  const attempts: number[] = []
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  pgq.entrypoint("a", (job) => void attempts.push(job.attempt))
  start()
  await queue.queries.enqueue("a")
  await queue.ended(1)
  const asked = performance.now()
  expect(await queue.queries.requeue([held, "999999"])).toEqual([
    { id: held, done: true, status: "queued" },
    { id: "999999", done: false, status: "unknown" },
  ])
  await eventually(() => attempts.length === 2, 5_000, 5)
  expect(performance.now() - asked).toBeLessThan(300)
  expect(attempts).toEqual([1, 4])
  await queue.ended(2)
  expect(await queue.queries.job(held)).toMatchObject({ status: "successful", attempt: 4, rescues: 0 })
  expect(await queue.queries.requeue(held)).toEqual([{ id: held, done: false, status: "successful" }])
})

it("requeues all of one entrypoint, and no other", async () => {
  const queue = await installQueue()
  await queue.queries.enqueueMany(Array.from({ length: 30 }, (_, n) => ({ entrypoint: n % 3 === 0 ? "b" : "a" })))
  await holdAll(queue)
  expect(await queue.queries.requeue({ entrypoint: "a" })).toHaveLength(20)
  expect(await queue.queries.queueSize()).toEqual([
    { entrypoint: "a", status: "queued", count: 20 },
    { entrypoint: "b", status: "failed", count: 10 },
  ])
  expect(await queue.queries.requeue({ entrypoint: "a" })).toEqual([])
  expect((await queue.queries.jobs({ status: "failed" })).map(({ entrypoint }) => entrypoint)).toEqual(
    Array(10).fill("b"),
  )
})

it("lets two requeue and delete the same jobs at once: each happens once", async () => {
  const queue = await installQueue()
  const ids = await queue.queries.enqueueMany(Array.from({ length: 200 }, () => ({ entrypoint: "a" })))
  await holdAll(queue)
  const [first, second, third] = await Promise.all([
    queue.queries.requeue(ids),
    queue.queries.requeue([...ids].reverse()),
    queue.queries.delete(ids),
  ])
  const requeued = [...first, ...second].filter(({ done }) => done)
  expect(new Set(requeued.map(({ id }) => id)).size).toBe(requeued.length)
  // A delete may come after the requeue: it finds the job waiting.
  expect(third.every(({ done }) => done)).toBe(true)
})

/** A job that is held as failed after so many attempts. */
async function hold(queue: TestQueue, attempt = 1): Promise<string> {
  const [id] = await queue.queries.enqueue("held")
  await holdAll(queue, "job_id = $1", [id, attempt])
  await queue.sql("update pgqueuer.job set entrypoint = 'a' where id = $1", [id])
  await queue.sql("update pgqueuer.held set entrypoint = 'a' where job_id = $1", [id])
  return id!
}

async function holdAll(queue: TestQueue, condition = "true", parameters: readonly unknown[] = []): Promise<void> {
  await queue.sql(
    `with gone as (delete from pgqueuer.ready where ${condition} returning *)
    insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues)
    select job_id, entrypoint, rank, ${parameters.length > 1 ? "$2::int" : "attempt"}, 4 from gone`,
    parameters,
  )
}
