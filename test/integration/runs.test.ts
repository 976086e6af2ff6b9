import { expect, it } from "vitest"
import type { JobStopped } from "../../src/app/worker/job-context.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { eventually, installQueue } from "../support/queue.js"

it("starts the next attempt at its time, also on an idle worker", async () => {
  const queue = await installQueue()
  const starts: number[] = []
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  pgq.entrypoint(
    "a",
    (job) => {
      starts.push(performance.now())
      if (job.attempt < 3) throw new Error(`attempt ${job.attempt}`)
    },
    { retry: { initialDelay: "500ms", multiplier: 2 } },
  )
  start()
  const [id] = await queue.queries.enqueue("a")
  await queue.ended(1)
  const pauses = [starts[1]! - starts[0]!, starts[2]! - starts[1]!]
  expect(pauses[0]).toBeGreaterThan(495)
  expect(pauses[0]).toBeLessThan(900)
  expect(pauses[1]).toBeGreaterThan(995)
  expect(pauses[1]).toBeLessThan(1_500)
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful", attempt: 3 })
  expect(await queue.queries.failures(id!)).toMatchObject([
    { attempt: 1, error: "Error: attempt 1", traceback: expect.stringContaining("runs.test.ts") },
    { attempt: 2, error: "Error: attempt 2" },
  ])
})

it.each([
  [undefined, "exception"],
  ["exception" as const, "exception"],
  ["hold" as const, "failed"],
])("with onFailure %s a job whose attempts are used up is %s", async (onFailure, status) => {
  const queue = await installQueue()
  let runs = 0
  const heard: unknown[] = []
  const { pgq, drain } = queue.worker()
  const handler = () => {
    runs++
    throw new Error("never")
  }
  pgq.on("ended", (event) => heard.push(event.status))
  pgq.on("retried", (event) => heard.push(event.delayMs))
  const retry = { maxAttempts: 3, initialDelay: 0 }
  pgq.entrypoint("a", handler, onFailure === undefined ? { retry } : { retry, onFailure })
  const [id] = await queue.queries.enqueue("a")
  await drain()
  expect(runs).toBe(3)
  expect(heard).toEqual([0, 0, status])
  expect(await queue.queries.job(id!)).toMatchObject({ status, attempt: 3, error: "Error: never" })
  expect(await queue.queries.failures(id!)).toHaveLength(3)
})

it("counts what a handler asked for against the attempts", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  const again = () => {
    throw new RetryRequested({ reason: "not yet" })
  }
  pgq.entrypoint("limited", again, { retry: { maxAttempts: 2 }, onFailure: "hold" })
  pgq.entrypoint("job", again)
  const [limited] = await queue.queries.enqueue("limited")
  const [job] = await queue.queries.enqueue("job", 1, { maxAttempts: 4 })
  await drain()
  expect(await queue.queries.job(limited!)).toMatchObject({ status: "failed", attempt: 2 })
  expect(await queue.queries.job(job!)).toMatchObject({ status: "exception", attempt: 4 })
})

it("keeps what a handler returned, and nothing for undefined", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("plain", ({ payload }) => payload)
  pgq.entrypoint("async", async ({ payload }) => payload)
  const values = [null, 0, false, "", "a\u0000b", [1, [2]], { a: { b: "ü" } }, undefined]
  await queue.queries.enqueueMany(
    values.flatMap((payload) => ["plain", "async"].map((entrypoint) => ({ entrypoint, payload }))),
  )
  await drain()
  const jobs = await queue.queries.jobs()
  expect(jobs.map((job) => job.status)).toEqual(Array(16).fill("successful"))
  for (const job of jobs) expect(job.result).toEqual(job.payload)
})

it("ends a job whose result JSON cannot hold as an exception, and does not run it again", async () => {
  const queue = await installQueue()
  let runs = 0
  const { pgq, drain } = queue.worker({ maxPayloadBytes: 100 })
  const results = [Number.NaN, 5n, new Map(), new Uint8Array(3), [undefined], () => {}, "x".repeat(200)]
  pgq.entrypoint(
    "a",
    ({ payload }) => {
      runs++
      return results[payload as number]
    },
    { retry: {}, onFailure: "hold" },
  )
  await queue.queries.enqueueMany(results.map((_, payload) => ({ entrypoint: "a", payload })))
  await drain()
  expect(runs).toBe(results.length)
  for (const job of await queue.queries.jobs()) {
    expect(job).toMatchObject({ status: "exception", error: expect.stringContaining("[PGQ_RESULT_INVALID]") })
    expect(job.result).toBeUndefined()
  }
})

it("aborts the signal when a run takes too long, and counts the attempt as failed however it ends", async () => {
  const queue = await installQueue()
  const reasons: unknown[] = []
  const { pgq, drain } = queue.worker()
  const untilAborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        reasons.push((signal.reason as JobStopped).reason)
        resolve()
      })
    })
  pgq.entrypoint(
    "returns",
    async (job, { signal }) => {
      if (job.attempt > 1) return "in time"
      await untilAborted(signal)
      return "too late"
    },
    { timeout: 100, retry: { initialDelay: 0 } },
  )
  pgq.entrypoint(
    "throws",
    async (_, { signal }) => {
      await untilAborted(signal)
      throw new Error("because of the signal")
    },
    { timeout: "100ms" },
  )
  pgq.entrypoint("own", (_, { signal }) => untilAborted(signal), { timeout: "1h" })
  const [returns, throws] = await queue.queries.enqueue(["returns", "throws"])
  const [own] = await queue.queries.enqueue("own", 1, { timeout: 50 })
  await drain()
  expect(reasons).toEqual(["timeout", "timeout", "timeout"])
  expect(await queue.queries.job(returns!)).toMatchObject({ status: "successful", attempt: 2, result: "in time" })
  const error = expect.stringMatching(/\[PGQ_TIMEOUT\].*limited to 100 ms/)
  expect(await queue.queries.failures(returns!)).toMatchObject([{ attempt: 1, error }])
  expect(await queue.queries.job(throws!)).toMatchObject({ status: "exception", error })
  expect((await queue.queries.failures(throws!))[0]!.traceback).toContain("because of the signal")
  expect(await queue.queries.job(own!)).toMatchObject({ error: expect.stringContaining("limited to 50 ms") })
})

it("lets a handler that ignores its signal keep its slot until it returns", async () => {
  const queue = await installQueue()
  const seen: string[] = []
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 1 })
  pgq.entrypoint(
    "deaf",
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      seen.push("deaf")
    },
    { timeout: 50 },
  )
  pgq.entrypoint("next", () => void seen.push("next"))
  const [deaf] = await queue.queries.enqueue("deaf", 1, { priority: 1 })
  await queue.queries.enqueue("next")
  start()
  await queue.ended(2)
  expect(seen).toEqual(["deaf", "next"])
  expect((await queue.queries.job(deaf!))!.status).toBe("exception")
})

it("counts a timeout as failed also when the worker stops before the handler has ended", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ shutdownTimeout: 0 })
  let aborted = false
  pgq.entrypoint(
    "deaf",
    (_, { signal }) => {
      signal.addEventListener("abort", () => {
        aborted = true
      })
      return new Promise(() => {})
    },
    { timeout: 50, retry: { initialDelay: "1h" } },
  )
  const running = start()
  const [id] = await queue.queries.enqueue("deaf")
  await eventually(() => aborted)
  await running.stop()
  expect(await queue.queries.job(id!)).toMatchObject({ status: "deferred", attempt: 2 })
})

it("does not run a job that was to start before, and says so", async () => {
  const queue = await installQueue()
  let runs = 0
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => void runs++)
  const [late, early] = await queue.queries.enqueueMany([
    { entrypoint: "a", expireAfter: 0 },
    { entrypoint: "a", expireAfter: "1h" },
  ])
  await drain()
  expect(runs).toBe(1)
  expect(await queue.queries.job(late!)).toMatchObject({ status: "deleted", error: "expired", startedAt: null })
  expect(await queue.queries.failures(late!)).toEqual([])
  expect(await queue.queries.job(early!)).toMatchObject({ status: "successful" })
})

it("lets a job that was started in time have its other attempts later", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint(
    "a",
    async (job) => {
      if (job.attempt > 1) return
      await new Promise((resolve) => setTimeout(resolve, 400))
      throw new Error("once")
    },
    { retry: { initialDelay: 0 } },
  )
  const [id] = await queue.queries.enqueue("a", 1, { expireAfter: 300 })
  await drain()
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful", attempt: 2 })
})
