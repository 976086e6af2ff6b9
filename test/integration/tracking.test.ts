import { expect, it } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { CompletionWatcher } from "../../src/completion-watcher.js"
import { deferred, eventually, installQueue } from "../support/queue.js"

it("shows how far a job is while it runs, the last value when it has ended", async () => {
  const queue = await installQueue()
  const [half, done] = [deferred(), deferred()]
  const { pgq, start } = queue.worker()
  pgq.entrypoint("a", async (_, { progress, attempt }) => {
    for (let n = 0; n <= 50; n++) progress({ n, attempt })
    await half.promise
    for (let n = 51; n <= 100; n++) progress({ n, attempt })
    await done.promise
    progress("\u0000 last")
  })
  start()
  const [id, quiet] = await queue.queries.enqueue(["a", "nobody"])
  await eventually(async () => (await queue.queries.progress(id!)) !== undefined)
  expect(await queue.queries.progress(id!)).toEqual({
    value: { n: 50, attempt: 1 },
    attempt: 1,
    updatedAt: expect.any(Date),
  })
  expect(await queue.queries.job(id!)).toMatchObject({ status: "picked", progress: { n: 50, attempt: 1 } })
  half.resolve()
  await eventually(async () => ((await queue.queries.progress(id!))!.value as { n: number }).n === 100, 1_500)
  done.resolve()
  await queue.ended(1)
  expect((await queue.queries.job(id!))!.progress).toBe("\u0000 last")
  expect(await queue.queries.progress(quiet!)).toBeUndefined()
  expect((await queue.queries.job(quiet!))!.progress).toBeUndefined()
})

it("has written the last progress and all lines of 500 jobs when their ends are known", async () => {
  const queue = await installQueue()
  const watcher = new CompletionWatcher(queue.driver, { schema: queue.schema })
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 50 })
  pgq.entrypoint("a", async (job, { progress, log }) => {
    for (let n = 0; n < 5; n++) {
      progress([job.id, n])
      log.info(`step ${n}`)
      await new Promise((resolve) => setTimeout(resolve, Number(job.id) % 3))
    }
  })
  start()
  const ids = await queue.queries.enqueueMany(Array.from({ length: 500 }, () => ({ entrypoint: "a" })))
  await Promise.all(
    ids.map(async (id) => {
      await watcher.waitFor(id)
      const [progress, lines] = await Promise.all([queue.queries.progress(id), queue.queries.logs(id)])
      expect(progress!.value).toEqual([id, 4])
      expect(lines.map(({ message }) => message)).toEqual(["step 0", "step 1", "step 2", "step 3", "step 4"])
    }),
  )
  await watcher.close()
})

it("refuses progress that JSON cannot hold, or over 16 KiB", async () => {
  const queue = await installQueue()
  const codes: unknown[] = []
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", (_, { progress }) => {
    for (const value of [undefined, Number.NaN, () => {}, 10n, "x".repeat(16_384)]) {
      try {
        progress(value)
      } catch (error) {
        codes.push((error as { code: string }).code)
      }
    }
    progress("x".repeat(16_382))
  })
  const [id] = await queue.queries.enqueue("a")
  await drain()
  const invalid = "PGQ_PAYLOAD_INVALID"
  expect(codes).toEqual([invalid, invalid, invalid, invalid, "PGQ_PAYLOAD_TOO_LARGE"])
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful", progress: "x".repeat(16_382) })
})

it("keeps what a job logs from info up, in order, by attempt and page, beside the worker's own log", async () => {
  const queue = await installQueue()
  const { pgq, log, start } = queue.worker()
  const gate = deferred()
  pgq.entrypoint(
    "a",
    async (job, context) => {
      context.log.debug("details")
      context.log.info("began", { attempt: job.attempt, big: 10n, error: new TypeError("odd") })
      context.log.warn("half \u0000 \ud800 characters")
      context.log.error("e".repeat(20_000), { large: "x".repeat(20_000) })
      if (job.attempt === 1) throw new Error("again")
      await gate.promise
    },
    { retry: { maxAttempts: 2, initialDelay: 1 } },
  )
  start()
  const [id] = await queue.queries.enqueue("a")
  await eventually(async () => (await queue.queries.logs(id!)).length === 6)
  expect((await queue.queries.job(id!))!.status).toBe("picked")
  const lines = await queue.queries.logs(id!)
  expect(lines.map(({ attempt, level }) => [attempt, level])).toEqual([
    [1, "info"],
    [1, "warn"],
    [1, "error"],
    [2, "info"],
    [2, "warn"],
    [2, "error"],
  ])
  const [first, second, third] = lines
  expect(first).toMatchObject({
    message: "began",
    fields: { attempt: 1, big: "10", error: { name: "TypeError", message: "odd" } },
  })
  expect(Math.abs(first!.loggedAt.getTime() - Date.now())).toBeLessThan(60_000)
  expect(second).toMatchObject({ message: "half \ufffd \ufffd characters", fields: {} })
  expect(Buffer.byteLength(third!.message)).toBeLessThanOrEqual(16_384)
  expect(third!.fields).toEqual({ omitted: expect.stringContaining("bytes") })
  expect(await queue.queries.logs(id!, { after: third!.id, limit: 2 })).toEqual(lines.slice(3, 5))
  expect(log.messages("debug")).toContain("details")
  expect(log.messages("info")).toContain("began")
  gate.resolve()
  await queue.ended(1)
})

it("keeps 1,000 lines of an attempt, and one that says so", async () => {
  const queue = await installQueue()
  const { pgq, log, drain } = queue.worker()
  pgq.entrypoint("a", (_, context) => {
    for (let n = 1; n <= 3_000; n++) context.log.info(`line ${n}`)
  })
  const [id] = await queue.queries.enqueue("a")
  await drain()
  const lines = await queue.queries.logs(id!, { limit: 10_000 })
  expect(lines).toHaveLength(1_001)
  expect(lines[999]!.message).toBe("line 1000")
  expect(lines[1_000]).toMatchObject({ level: "warn", message: expect.stringContaining("more than 1,000 lines") })
  expect(log.messages("info")).toContain("line 3000")
})

it("asks nothing of the database for jobs that say nothing", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  await queue.sql("drop table pgqueuer.log_line, pgqueuer.progress")
  await queue.queries.enqueueMany(Array.from({ length: 100 }, () => ({ entrypoint: "a" })))
  await drain()
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 100 }])
})

it("never fails a job because its notes cannot be written, and says so", async () => {
  const queue = await installQueue()
  await queue.sql("alter table pgqueuer.log_line rename to log_line_away")
  const { pgq, log, start } = queue.worker()
  pgq.entrypoint("a", (_, context) => context.log.info("nobody keeps this"))
  start()
  await queue.queries.enqueueMany(Array.from({ length: 20 }, () => ({ entrypoint: "a" })))
  await queue.ended(20)
  await queue.sql("alter table pgqueuer.log_line_away rename to log_line")
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 20 }])
  await eventually(() => log.messages("error").some((message) => message.startsWith("notes failed")))
  const [id] = await queue.queries.enqueue("a")
  await eventually(
    async () => {
      await queue.queries.enqueue("a")
      return (await queue.sql("select from pgqueuer.log_line as log_line")).length > 0
    },
    20_000,
    300,
  )
  await eventually(async () => (await queue.queries.job(id!))!.status === "successful")
})

it("writes what was said last when the worker stops", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ shutdownTimeout: 0 })
  const said = deferred()
  pgq.entrypoint("a", async (_, { progress, log, signal }) => {
    progress(1)
    await eventually(async () => (await queue.queries.progress("1")) !== undefined)
    progress(2)
    log.info("on my way")
    said.resolve()
    await new Promise((_resolve, reject) => signal.addEventListener("abort", reject))
  })
  const running = start()
  const [id] = await queue.queries.enqueue("a")
  await said.promise
  await running.stop()
  expect(await queue.queries.job(id!)).toMatchObject({ status: "queued", progress: 2 })
  expect(await queue.queries.logs(id!)).toMatchObject([{ message: "on my way" }])
})

it("writes the notes of many jobs twice a second, in one statement each", async () => {
  const queue = await installQueue()
  const driver = new PgPoolDriver(queue.database.pool({ max: 6 }))
  const written: string[] = []
  const session = driver.session.bind(driver)
  driver.session = async () => {
    const inner = await session()
    return {
      query: (sql, parameters, options) => {
        if (options?.name?.startsWith("pgq_write_")) written.push(options.name)
        return inner.query(sql, parameters, options)
      },
      onLost: (callback) => inner.onLost(callback),
      release: (options) => inner.release(options),
    }
  }
  const gate = deferred()
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 100 }, driver)
  pgq.entrypoint("a", async (_, { progress }) => {
    let n = 0
    const timer = setInterval(() => progress(n++), 5)
    await gate.promise
    clearInterval(timer)
  })
  start()
  await queue.queries.enqueueMany(Array.from({ length: 100 }, () => ({ entrypoint: "a" })))
  await eventually(() => written.length > 0)
  const startedAt = performance.now()
  await eventually(() => written.length >= 5)
  expect(performance.now() - startedAt).toBeGreaterThan(1_500)
  gate.resolve()
  await queue.ended(100)
})
