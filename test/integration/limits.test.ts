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
  return { runs, workers, most: () => most, start: () => workers.map((worker) => worker.start()) }
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
  expect(last - first).toBeLessThan(4_500)
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
  expect(last - first).toBeLessThan(5_000)
})

it("gives the slots back, so that nothing is lent when all is done", async () => {
  const queue = await installQueue()
  const workers = startWorkers(queue, 3, 5, { concurrencyLimit: 4, requestsPerSecond: 1_000 })
  await queue.queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "limited" })))
  const running = workers.start()
  await queue.ended(50)
  await eventually(async () => {
    const [row] = await queue.sql<{ lent: number }>("select lent from pgqueuer.gate")
    return row!.lent === 0
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
