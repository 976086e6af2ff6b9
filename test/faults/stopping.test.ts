import { expect, it } from "vitest"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"
import { startWorkerProcess, type WorkerProcessOptions } from "../support/worker-process.js"

it("ends running handlers after SIGTERM and exits with 0", async () => {
  const queue = await installQueue()
  const worker = await spawn(queue, { maxConcurrentTasks: 10 })
  await queue.queries.enqueueMany(Array.from({ length: 30 }, () => ({ entrypoint: "sleep", payload: 2_000 })))
  await eventually(() => worker.started.length === 10)
  worker.kill("SIGTERM")
  expect(await worker.exited).toBe(0)
  expect(worker.finished).toHaveLength(10)
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 10 }])
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "sleep", status: "queued", count: 20 }])
}, 40_000)

it("puts back what still runs after the shutdown timeout, uncounted, and another worker has it at once", async () => {
  const queue = await installQueue()
  const worker = await spawn(queue, { shutdownTimeout: "1s" })
  const ids = await queue.queries.enqueueMany(
    Array.from({ length: 20 }, () => ({ entrypoint: "sleep", payload: 60_000 })),
  )
  await eventually(() => worker.started.length === 20)
  const before = performance.now()
  worker.kill("SIGTERM")
  expect(await worker.exited).toBe(0)
  expect(performance.now() - before).toBeLessThan(2_500)
  for (const id of ids) expect(await queue.queries.job(id)).toMatchObject({ status: "queued", attempt: 1, rescues: 0 })
  const other = await spawn(queue, { shutdownTimeout: 0 })
  await eventually(() => other.started.length === 20, 3_000)
  other.kill("SIGTERM")
  await other.exited
}, 40_000)

it("hands jobs over to another worker that waits for them as soon as it stops", async () => {
  const queue = await installQueue()
  const [worker, other] = [await spawn(queue, { shutdownTimeout: 0 }), await spawn(queue, { maxConcurrentTasks: 1 })]
  await queue.queries.enqueueMany(Array.from({ length: 60 }, () => ({ entrypoint: "sleep", payload: 500 })))
  await eventually(() => worker.started.length + other.started.length > 30)
  worker.kill("SIGTERM")
  expect(await worker.exited).toBe(0)
  const seen = other.started.length
  await eventually(() => other.started.length > seen + 2, 5_000)
  other.kill("SIGTERM")
  await other.exited
}, 40_000)

function spawn(queue: TestQueue, options: WorkerProcessOptions["options"]) {
  return startWorkerProcess({
    url: queue.database.url,
    entrypoints: ["sleep"],
    options: { schema: queue.schema, ...options },
  })
}
