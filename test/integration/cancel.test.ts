import { expect, it } from "vitest"
import type { ActionResult } from "../../src/index.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

it.each(["cancel", "delete"] as const)("ends waiting and deferred jobs by %s, and they never run", async (action) => {
  const queue = await installQueue()
  const { queries } = queue
  const [waiting] = await queries.enqueue("a")
  const [later] = await queries.enqueue("a", 1, { executeAfter: "1h" })
  const status = action === "cancel" ? "canceled" : "deleted"
  expect(await queries[action]([waiting!, later!])).toEqual([
    { id: waiting, done: true, status },
    { id: later, done: true, status },
  ])
  let runs = 0
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => void runs++)
  await drain()
  expect(runs).toBe(0)
  expect((await queries.job(waiting!))!.status).toBe(status)
})

it("says of each id what became of it: unknown, ended before, running, named twice", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const gate = deferred()
  const { pgq, start } = queue.worker()
  pgq.entrypoint("quick", () => {})
  pgq.entrypoint("slow", () => gate.promise)
  start()
  const [quick] = await queries.enqueue("quick")
  const [slow] = await queries.enqueue("slow")
  const [waiting] = await queries.enqueue("nobody")
  await queue.ended(1)
  await eventually(async () => (await queries.job(slow!))!.status === "picked")
  expect(await queries.cancel([quick!, slow!, waiting!, "999999999", waiting!])).toEqual([
    { id: quick, done: false, status: "successful" },
    { id: slow, done: true, status: "picked" },
    { id: waiting, done: true, status: "canceled" },
    { id: "999999999", done: false, status: "unknown" },
    { id: waiting, done: true, status: "canceled" },
  ])
  expect(await queries.cancel(waiting!)).toEqual([{ id: waiting, done: false, status: "canceled" }])
  gate.resolve()
  await queue.ended(3)
})

it("cancels 5,000 jobs in one call", async () => {
  const { queries } = await installQueue()
  const ids = await queries.enqueueMany(
    Array.from({ length: 20_000 }, (_, n) => ({ entrypoint: "a", priority: n % 3 })),
  )
  const results = await queries.cancel(ids.slice(5_000, 10_000))
  expect(results.every((result) => result.done)).toBe(true)
  expect(await queries.queueSize()).toEqual([{ entrypoint: "a", status: "queued", count: 15_000 }])
})

it("deletes all jobs of one entrypoint that wait, and of no other", async () => {
  const { queries } = await installQueue()
  await queries.enqueueMany(Array.from({ length: 12_000 }, (_, n) => ({ entrypoint: n % 2 === 0 ? "a" : "b" })))
  await queries.enqueue("a", 1, { executeAfter: "1h" })
  expect(await queries.delete({ entrypoint: "a" })).toHaveLength(6_001)
  expect(await queries.queueSize()).toEqual([{ entrypoint: "b", status: "queued", count: 6_000 }])
  expect(await queries.delete({ entrypoint: "nobody" })).toEqual([])
})

it("cancels a job that was put back into line by a stop", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ shutdownTimeout: 0 })
  pgq.entrypoint("a", () => new Promise((resolve) => setTimeout(resolve, 5_000).unref()))
  const running = start()
  const [id] = await queue.queries.enqueue("a", 1, { priority: 7 })
  await eventually(async () => (await queue.queries.job(id!))!.status === "picked")
  await running.stop()
  expect(await queue.queries.cancel(id!)).toEqual([{ id, done: true, status: "canceled" }])
})

it.each([["17x"], [""], ["-1"], ["01"], ["1".repeat(19)], [7], [null], ["1; drop"]])(
  "refuses %j as an id",
  async (id) => {
    const { queries } = await installQueue()
    await expect(queries.cancel([id as string])).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
    await expect(queries.job(id as string)).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  },
)

it("never runs a job that it says was canceled, in 200 races against claims; those that run are asked to stop", async () => {
  const queue = await installQueue()
  const ran = new Set<string>()
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 10 })
  pgq.entrypoint("a", async (job) => void ran.add(job.id))
  start()
  const canceled: string[] = []
  const asked: string[] = []
  let all = 0
  for (let round = 0; round < 200; round++) {
    const ids = await queue.queries.enqueueMany(
      Array.from({ length: 10 }, (_, n) => ({ entrypoint: "a", priority: n % 2 })),
    )
    all += ids.length
    noteResults(await queue.queries.cancel(ids), canceled, asked)
  }
  await queue.ended(all)
  await expectHonest(queue, canceled, asked, ran)
})

it("never runs a job that it says was canceled, in 200 races against promotions; those that run are asked to stop", async () => {
  const queue = await installQueue()
  const ran = new Set<string>()
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 10 })
  pgq.entrypoint("a", async (job) => void ran.add(job.id))
  start()
  const canceled: string[] = []
  const asked: string[] = []
  let all = 0
  for (let round = 0; round < 200; round++) {
    const ids = await queue.queries.enqueueMany(
      Array.from({ length: 8 }, (_, n) => ({ entrypoint: "a", executeAfter: 1 + n * 3 })),
    )
    all += ids.length
    await new Promise((resolve) => setTimeout(resolve, round % 20))
    const results = await queue.queries.cancel(ids)
    expect(
      results.filter(({ status }) => status === "queued" || status === "deferred" || status === "unknown"),
    ).toEqual([])
    noteResults(results, canceled, asked)
  }
  await queue.ended(all)
  await expectHonest(queue, canceled, asked, ran)
})

it("lets two cancel and delete the same jobs at once: each is ended once", async () => {
  const { queries } = await installQueue()
  for (let round = 0; round < 20; round++) {
    const ids = await queries.enqueueMany(Array.from({ length: 50 }, (_, n) => ({ entrypoint: "a", priority: n % 5 })))
    const [first, second, third] = await Promise.all([
      queries.cancel(ids),
      queries.delete([...ids].reverse()),
      queries.cancel([...ids].reverse()),
    ])
    const done = [first, second, third].flatMap((results) =>
      results.filter((result) => result.done).map(({ id }) => id),
    )
    expect(done.sort()).toEqual([...ids].sort())
  }
})

function noteResults(results: readonly ActionResult[], canceled: string[], asked: string[]): void {
  for (const { id, done, status } of results) if (done) (status === "picked" ? asked : canceled).push(id)
}

/** What was canceled never ran, what was asked to stop ended as canceled, and all else ran to its end. */
async function expectHonest(
  queue: TestQueue,
  canceled: readonly string[],
  asked: readonly string[],
  ran: ReadonlySet<string>,
): Promise<void> {
  expect(canceled.filter((id) => ran.has(id))).toEqual([])
  const rows = await queue.sql<{ id: string; status: string }>(
    "select job_id::text as id, status from pgqueuer.outcome",
  )
  const ended = rows.filter(({ status }) => status === "canceled").map(({ id }) => id)
  expect(ended.sort()).toEqual([...canceled, ...asked].sort())
  expect(rows.filter(({ id, status }) => status === "successful" && !ran.has(id))).toEqual([])
}
