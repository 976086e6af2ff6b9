import { expect, it } from "vitest"
import type { EntrypointOptions } from "../../src/app/worker/entrypoint-options.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Starts workers whose handlers take so long, and notes when each run begins and ends. */
function startWorkers(queue: TestQueue, count: number, runMs: number, options: EntrypointOptions) {
  const runs: { readonly id: string; readonly priority: number; readonly from: number; to: number }[] = []
  let running = 0
  let most = 0
  const workers = Array.from({ length: count }, () => {
    const worker = queue.worker()
    worker.pgq.entrypoint(
      "limited",
      async (job) => {
        const run = { id: job.id, priority: job.priority, from: performance.now(), to: 0 }
        runs.push(run)
        most = Math.max(most, ++running)
        if (runMs > 0) await pause(runMs)
        running--
        run.to = performance.now()
      },
      options,
    )
    return worker
  })
  const forget = () => {
    most = running
  }
  return {
    runs,
    workers,
    most: () => most,
    running: () => running,
    forget,
    start: () => workers.map((worker) => worker.start()),
  }
}

/** How many slots all workers have together. */
async function lent(queue: TestQueue): Promise<number> {
  const [row] = await queue.sql<{ lent: number }>("select lent from pgqueuer.gate")
  return row!.lent
}

/** The most starts in any stretch of so many milliseconds. */
function mostStartsWithin(milliseconds: number, runs: readonly { readonly from: number }[]): number {
  const starts = runs.map((run) => run.from).sort((a, b) => a - b)
  return Math.max(
    ...starts.map((from) => starts.filter((start) => start >= from && start < from + milliseconds).length),
  )
}

it.each([
  [1, 40],
  [3, 100],
])("runs never more than %i at once over three workers, and keeps the slots busy", async (limit, jobs) => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 3, 50, { concurrencyLimit: limit })
  await queue.queries.enqueueMany(Array.from({ length: jobs }, () => ({ entrypoint: "limited" })))
  workers.start()
  await queue.ended(jobs)
  const first = Math.min(...workers.runs.map((run) => run.from))
  const last = Math.max(...workers.runs.map((run) => run.to))
  expect(workers.most()).toBe(limit)
  expect((last - first) / ((jobs / limit) * 50)).toBeLessThan(1.5)
})

it("runs a serialized entrypoint one at a time, by priority, then first come", async () => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 3, 2, { serializedDispatch: true })
  const priorities = Array.from({ length: 60 }, (_, index) => (index * 7) % 5)
  const ids = await queue.queries.enqueueMany(priorities.map((priority) => ({ entrypoint: "limited", priority })))
  workers.start()
  await queue.ended(60)
  const expected = ids
    .map((id, index) => ({ id, priority: priorities[index]! }))
    .sort((a, b) => b.priority - a.priority || Number(a.id) - Number(b.id))
  expect(workers.runs.map((run) => run.id)).toEqual(expected.map((job) => job.id))
  expect(workers.most()).toBe(1)
})

it("spaces starts over three workers", async () => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 3, 0, { requestsPerSecond: 20 })
  await queue.queries.enqueueMany(Array.from({ length: 60 }, () => ({ entrypoint: "limited" })))
  workers.start()
  await queue.ended(60)
  const first = Math.min(...workers.runs.map((run) => run.from))
  const last = Math.max(...workers.runs.map((run) => run.from))
  expect(mostStartsWithin(1_000, workers.runs)).toBeLessThanOrEqual(21)
  expect(last - first).toBeGreaterThan(2_900)
  expect(last - first).toBeLessThan(10_000)
})

it("keeps to a high rate, too", async () => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 3, 0, { requestsPerSecond: 200 })
  await queue.queries.enqueueMany(Array.from({ length: 600 }, () => ({ entrypoint: "limited" })))
  workers.start()
  await queue.ended(600)
  const first = Math.min(...workers.runs.map((run) => run.from))
  const last = Math.max(...workers.runs.map((run) => run.from))
  expect(mostStartsWithin(1_000, workers.runs)).toBeLessThanOrEqual(210)
  expect(last - first).toBeLessThan(20_000)
})

it("gives the slots back, so that nothing is lent when all is done", async () => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 3, 5, { concurrencyLimit: 4, requestsPerSecond: 1_000 })
  await queue.queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "limited" })))
  const running = workers.start()
  await queue.ended(50)
  await eventually(async () => {
    return (await lent(queue)) === 0
  })
  await Promise.all(running.map((worker) => worker.stop()))
  expect(await queue.sql("select * from pgqueuer.lease")).toEqual([])
})

it("drains a limited entrypoint, waiting for its slots", async () => {
  const queue = await installQueue()
  const { workers, runs } = startWorkers(queue, 2, 20, { concurrencyLimit: 1 })
  await queue.queries.enqueueMany(Array.from({ length: 20 }, () => ({ entrypoint: "limited" })))
  await Promise.all(workers.map((worker) => worker.drain()))
  expect(runs).toHaveLength(20)
})

it("follows limits that are set by hand while it works, lower, higher and back to the code's", async () => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 2, 20, { concurrencyLimit: 8 })
  await queue.queries.enqueueMany(Array.from({ length: 3_000 }, () => ({ entrypoint: "limited" })))
  workers.start()
  await eventually(() => workers.running() === 8)
  for (const limit of [2, 5, 1]) {
    await queue.queries.setLimits("limited", { concurrencyLimit: limit })
    await eventually(async () => (await lent(queue)) <= limit)
    workers.forget()
    await eventually(() => workers.most() === limit && workers.running() === limit)
    const [row] = await queue.sql<{ held: number }>(
      "select coalesce(sum(cardinality(job_ids)), 0)::int as held from pgqueuer.claim",
    )
    expect(row!.held).toBeLessThanOrEqual(limit)
    expect(workers.most()).toBe(limit)
  }
  await queue.queries.resetLimits("limited")
  await eventually(() => workers.running() === 8)
  await queue.queries.setLimits("limited", { concurrencyLimit: null })
  await eventually(() => workers.running() > 20)
})

it("limits an entrypoint that had no limit while its jobs run", async () => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 2, 20, {})
  await queue.queries.enqueueMany(Array.from({ length: 6_000 }, () => ({ entrypoint: "limited" })))
  workers.start()
  await eventually(() => workers.running() > 50)
  await queue.queries.setLimits("limited", { concurrencyLimit: 3 })
  await eventually(async () => (await lent(queue)) === 3)
  workers.forget()
  const before = workers.runs.length
  await eventually(() => workers.runs.length > before + 60)
  expect(workers.most()).toBe(3)
})

it("takes nothing of a paused entrypoint, gives back what it had fetched, and starts at once when resumed", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  let runs = 0
  let others = 0
  pgq.entrypoint("paused", () => void runs++)
  pgq.entrypoint("free", () => void others++)
  start()
  await queue.queries.enqueue("paused")
  await queue.ended(1)
  await queue.queries.pause("paused")
  await queue.queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "paused", priority: 9 })))
  await queue.queries.enqueue("free")
  await queue.ended(2)
  expect([runs, others]).toEqual([1, 1])
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "paused", status: "queued", count: 50 }])
  await queue.queries.resume("paused")
  await eventually(() => runs === 51)
})

it("lets a free entrypoint go on at full speed beside one that is saturated", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  let others = 0
  pgq.entrypoint("slow", (_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)), {
    concurrencyLimit: 2,
  })
  pgq.entrypoint("free", () => void others++)
  await queue.queries.enqueueMany(Array.from({ length: 5_000 }, () => ({ entrypoint: "slow", priority: 5 })))
  await queue.queries.enqueueMany(Array.from({ length: 5_000 }, () => ({ entrypoint: "free" })))
  const worker = start()
  await queue.ended(5_000)
  expect(others).toBe(5_000)
  expect((await queue.queries.jobs({ status: "picked" })).map((job) => job.entrypoint)).toEqual(["slow", "slow"])
  await worker.stop({ now: true })
})

it("warns of a worker whose code sets another limit", async () => {
  const queue = await installQueue()
  const first = startWorkers(queue, 1, 0, { concurrencyLimit: 2 })
  const second = startWorkers(queue, 1, 0, { concurrencyLimit: 3 })
  await first.workers[0]!.drain()
  await second.workers[0]!.drain()
  const warnings = (workers: typeof first) => workers.workers[0]!.log.lines.filter(({ level }) => level === "warn")
  expect(warnings(first)).toEqual([])
  expect(warnings(second)).toMatchObject([
    { fields: { before: { concurrencyLimit: 2 }, now: { concurrencyLimit: 3 } } },
  ])
})

it("starts at a new rate at once, however long the pauses of the old one were", async () => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 2, 0, { requestsPerSecond: 0.01 })
  await queue.queries.enqueueMany(Array.from({ length: 20 }, () => ({ entrypoint: "limited" })))
  workers.start()
  await queue.ended(1)
  await queue.queries.setLimits("limited", { requestsPerSecond: 50 })
  await queue.ended(20, 5_000)
})
