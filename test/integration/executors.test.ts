import { expect, it } from "vitest"
import {
  DirectExecutor,
  type Executor,
  RetryInDatabaseExecutor,
  RetryInProcessExecutor,
  RetryRequested,
} from "../../src/index.js"
import { deferred, eventually, installQueue } from "../support/queue.js"

it("lets an executor decide what becomes of an attempt", async () => {
  const queue = await installQueue()
  const seen: unknown[] = []
  const executor: Executor = {
    async execute(run, job, attempt) {
      seen.push([job.id, attempt.number, attempt.signal.aborted])
      return { wrapped: await run() }
    },
  }
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", (job) => job.payload, { executor })
  pgq.entrypoint("direct", (job) => job.payload, { executor: new DirectExecutor() })
  const [id] = await queue.queries.enqueue("a", 7)
  const [direct] = await queue.queries.enqueue("direct", 8)
  await drain()
  expect(seen).toEqual([[id, 1, false]])
  expect((await queue.queries.job(id!))!.result).toEqual({ wrapped: 7 })
  expect((await queue.queries.job(direct!))!.result).toBe(8)
})

it("disposes an executor once when the worker has stopped, though it serves two entrypoints", async () => {
  const queue = await installQueue()
  let disposed = 0
  const executor: Executor & AsyncDisposable = {
    execute: (run) => run(),
    [Symbol.asyncDispose]: async () => void disposed++,
  }
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {}, { executor })
  pgq.entrypoint("b", () => {}, { executor })
  await drain()
  expect(disposed).toBe(1)
})

it("calls a failing handler again in the same process and attempt", async () => {
  const queue = await installQueue()
  const calls: number[] = []
  const { pgq, drain, log } = queue.worker()
  pgq.entrypoint(
    "a",
    () => {
      calls.push(performance.now())
      if (calls.length < 4) throw new Error("not yet")
      return calls.length
    },
    { executor: new RetryInProcessExecutor({ initialDelay: 40, jitter: 0 }) },
  )
  const [id] = await queue.queries.enqueue("a")
  await drain()
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful", attempt: 1, result: 4 })
  const pauses = calls.slice(1).map((at, index) => at - calls[index]!)
  for (const [index, least] of [39, 79, 159].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(least)
  expect(log.messages("info").filter((message) => message.includes("will be called again"))).toHaveLength(3)
})

it("gives up in the process after its number of calls, with the last error", async () => {
  const queue = await installQueue()
  let calls = 0
  const { pgq, drain } = queue.worker()
  const executor = new RetryInProcessExecutor({ maxAttempts: 3, initialDelay: 1 })
  pgq.entrypoint("a", () => Promise.reject(new Error(`call ${++calls}`)), { executor })
  pgq.entrypoint(
    "asks",
    (job) => {
      calls++
      if (job.attempt === 1) throw new RetryRequested()
    },
    { executor },
  )
  const [id] = await queue.queries.enqueue("a")
  await drain()
  expect(await queue.queries.job(id!)).toMatchObject({ status: "exception", error: "Error: call 3" })
  calls = 0
  await queue.queries.enqueue("asks")
  await drain()
  expect(calls).toBe(2)
})

it("stops waiting for the next call when the signal aborts", async () => {
  const queue = await installQueue()
  const called = deferred()
  const { pgq, start } = queue.worker({ shutdownTimeout: 0 })
  pgq.entrypoint(
    "a",
    () => {
      called.resolve()
      throw new Error("no")
    },
    { executor: new RetryInProcessExecutor({ initialDelay: "1h" }) },
  )
  const running = start()
  const [id] = await queue.queries.enqueue("a")
  await called.promise
  const before = performance.now()
  await running.stop()
  expect(performance.now() - before).toBeLessThan(2_000)
  expect(await queue.queries.job(id!)).toMatchObject({ status: "queued", attempt: 1 })
})

it("lets failures wait in the database, with the handler's own errors on record", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  const executor = new RetryInDatabaseExecutor({ maxAttempts: 3, initialDelay: 30 })
  pgq.entrypoint("a", (job) => Promise.reject(new RangeError(`attempt ${job.attempt}`)), { executor })
  pgq.entrypoint("twice", () => Promise.reject(new Error("no")), { executor })
  const [id] = await queue.queries.enqueue("a")
  const [twice] = await queue.queries.enqueue("twice", 1, { maxAttempts: 2 })
  start()
  await queue.ended(2)
  expect(await queue.queries.job(id!)).toMatchObject({
    status: "exception",
    attempt: 3,
    error: "RangeError: attempt 3",
  })
  expect((await queue.queries.failures(id!)).map(({ error }) => error)).toEqual([
    "RangeError: attempt 1",
    "RangeError: attempt 2",
    "RangeError: attempt 3",
  ])
  expect(await queue.queries.job(twice!)).toMatchObject({ status: "exception", attempt: 2 })
})

it("puts a job back whose handler a stop interrupted, without counting the attempt", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ shutdownTimeout: 0 })
  pgq.entrypoint(
    "a",
    (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    { executor: new RetryInDatabaseExecutor() },
  )
  const running = start()
  const [id] = await queue.queries.enqueue("a")
  await eventually(async () => (await queue.queries.job(id!))!.status === "picked")
  await running.stop()
  expect(await queue.queries.job(id!)).toMatchObject({ status: "queued", attempt: 1 })
})

it.each([[5], [{}], [() => {}], [{ execute: 5 }]])("refuses %s as an executor", async (executor) => {
  const queue = await installQueue()
  const { pgq } = queue.worker()
  expect(() => pgq.entrypoint("a", () => {}, { executor: executor as never })).toThrow(/method execute/)
})
