import { expect, it } from "vitest"
import type { EntrypointOptions } from "../../src/app/worker/entrypoint-options.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"
import { type HandlerRun, startWorkerProcess, type WorkerProcess } from "../support/worker-process.js"

const heartbeatTimeout = "3s"

function startThree(queue: TestQueue, options: EntrypointOptions): Promise<WorkerProcess[]> {
  const worker = {
    url: queue.database.url,
    entrypoints: ["sleep"],
    entrypointOptions: { sleep: options },
    options: { schema: queue.schema, heartbeatTimeout },
  } as const
  return Promise.all([1, 2, 3].map(() => startWorkerProcess(worker)))
}

function runsOf(workers: readonly WorkerProcess[]): HandlerRun[] {
  return workers.flatMap((worker) => worker.runs)
}

/** The most runs at one moment. */
function mostAtOnce(runs: readonly HandlerRun[]): number {
  return Math.max(
    ...runs.map(({ from }) => runs.filter((run) => run.from <= from && (run.to ?? run.from) > from).length),
  )
}

function mostStartsInASecond(runs: readonly HandlerRun[]): number {
  return Math.max(...runs.map(({ from }) => runs.filter((run) => run.from >= from && run.from < from + 1_000).length))
}

function elapsed(runs: readonly HandlerRun[]): number {
  return Math.max(...runs.map((run) => run.to ?? run.from)) - Math.min(...runs.map((run) => run.from))
}

it.each([1, 3])("runs at most %i at once over three processes, and keeps the slots busy", async (limit) => {
  const queue = await installQueue()
  const workers = await startThree(queue, { concurrencyLimit: limit })
  const jobs = 50 * limit
  await queue.queries.enqueueMany(Array.from({ length: jobs }, () => ({ entrypoint: "sleep", payload: 50 })))
  await queue.ended(jobs, 60_000)
  expect(mostAtOnce(runsOf(workers))).toBe(limit)
  expect(elapsed(runsOf(workers))).toBeLessThan(50 * 50 * 1.5)
})

it("keeps to a rate over three processes, also when one of them dies half-way", async () => {
  const queue = await installQueue()
  const workers = await startThree(queue, { requestsPerSecond: 10 })
  await queue.queries.enqueueMany(Array.from({ length: 100 }, () => ({ entrypoint: "sleep", payload: 0 })))
  await queue.ended(50, 30_000)
  workers.find((worker) => worker.runs.length > 0)!.kill("SIGKILL")
  await queue.ended(100, 30_000)
  expect(mostStartsInASecond(runsOf(workers))).toBeLessThanOrEqual(11)
  expect(elapsed(runsOf(workers))).toBeLessThan(20_000)
}, 90_000)

it("gives the slot of a killed worker to another one", async () => {
  const queue = await installQueue()
  const workers = await startThree(queue, { concurrencyLimit: 1 })
  await queue.queries.enqueue("sleep", 60_000)
  await eventually(() => runsOf(workers).length === 1)
  await queue.queries.enqueue("sleep", 10)
  const victim = workers.find((worker) => worker.runs.length === 1)!
  const killedAt = Date.now()
  victim.kill("SIGKILL")
  const others = workers.filter((worker) => worker !== victim)
  await eventually(() => runsOf(others).length > 0, 15_000)
  expect(runsOf(others)[0]!.from - killedAt).toBeLessThan(6_000)
}, 60_000)
