import { expect, it } from "vitest"
import type { EntrypointOptions } from "../../src/app/worker/entrypoint-options.js"
import { PgQueuerError } from "../../src/domain/errors.js"
import { recordingLogger } from "../support/logger.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

// Threads run what was built, and errors are told apart by their classes: so the worker is the built one, too.
const { ThreadExecutor } =
  await built<typeof import("../../src/adapters/threads/threads.js")>("adapters/threads/threads.js")
const { PgPoolDriver } = await built<typeof import("../../src/adapters/drivers/pg.js")>("adapters/drivers/pg.js")
const { PgQueuer } = await built<typeof import("../../src/index.js")>("index.js")

const module = new URL("../support/threads/handlers.mjs", import.meta.url)

it("runs a module's function in a thread, and brings back what it returns", async () => {
  const queue = await installQueue()
  const { drain } = makeWorker(queue, { a: { executor: new ThreadExecutor({ module }) } })
  const [id] = await queue.queries.enqueue("a", { user: 7 })
  await drain()
  expect(await queue.queries.job(id!)).toMatchObject({
    status: "successful",
    result: { payload: { user: 7 }, id, attempt: 1, inThread: true },
  })
})

it("keeps the event loop free, and uses no more threads than it was told", async () => {
  const queue = await installQueue()
  const executor = new ThreadExecutor({ module, export: "compute", maxThreads: 2 })
  const { drain } = makeWorker(queue, { a: { executor } })
  await queue.queries.enqueueMany(Array.from({ length: 6 }, () => ({ entrypoint: "a", payload: 200 })))
  let longest = 0
  let last = performance.now()
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  await drain()
  clearInterval(watch)
  const threads = new Set((await queue.queries.jobs()).map((job) => job.result))
  expect(threads.size).toBe(2)
  expect(longest).toBeLessThan(190)
})

it("brings back an error's name, message, code and stack, and text that was thrown", async () => {
  const queue = await installQueue()
  const { drain } = makeWorker(queue, {
    coded: { executor: new ThreadExecutor({ module, export: "throwCoded" }) },
    text: { executor: new ThreadExecutor({ module, export: "throwText" }) },
  })
  const [coded, text] = await queue.queries.enqueue(["coded", "text"])
  await drain()
  expect(await queue.queries.job(coded!)).toMatchObject({ error: "RangeError [E_RANGE]: out of range" })
  expect((await queue.queries.failures(coded!))[0]!.traceback).toMatch(
    /throwCoded[\s\S]*handlers\.mjs[\s\S]*the reason/,
  )
  expect(await queue.queries.job(text!)).toMatchObject({ error: "thrown: just text" })
})

it("runs a job again that asked for it in its thread", async () => {
  const queue = await installQueue()
  const { drain } = makeWorker(queue, { a: { executor: new ThreadExecutor({ module, export: "again" }) } })
  const [id] = await queue.queries.enqueue("a")
  await drain()
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful", attempt: 3, result: "third time" })
})

it.each([
  ["exits", "exit", "exit", {}, /PGQ_THREAD_LOST.*exited with code: 3/],
  ["dies of an error that nobody catches", "crashBeside", "crash", {}, /PGQ_THREAD_LOST.*nobody catches this/],
  ["needs too much memory", "hoard", "hoard", { memoryLimitMb: 32 }, /PGQ_THREAD_LOST.*limit of 32 MB/],
])(
  "fails the attempt whose thread %s, and goes on",
  async (_, name, payload, limits, error) => {
    const queue = await installQueue()
    const { drain, log } = makeWorker(queue, {
      a: { executor: new ThreadExecutor({ module, export: name, maxThreads: 1, ...limits }) },
    })
    const ids = await queue.queries.enqueueMany(
      [1, payload, 2, payload, 3].map((value) => ({ entrypoint: "a", payload: value })),
    )
    await drain()
    for (const index of [0, 2, 4])
      expect(await queue.queries.job(ids[index]!)).toMatchObject({ result: expect.anything() })
    for (const index of [1, 3]) {
      expect(await queue.queries.job(ids[index]!)).toMatchObject({
        status: "exception",
        error: expect.stringMatching(error),
      })
    }
    expect(log.messages("error").filter((message) => message !== "the job failed")).toEqual([])
  },
  60_000,
)

it("ends a thread that computes for ever when its time is up, and uses the slot again", async () => {
  const queue = await installQueue()
  const { drain } = makeWorker(queue, {
    a: { executor: new ThreadExecutor({ module, export: "forever", maxThreads: 1 }), timeout: 300 },
  })
  await queue.queries.enqueue(["a", "a"])
  await drain()
  for (const job of await queue.queries.jobs()) {
    expect(job).toMatchObject({ status: "exception", error: expect.stringContaining("PGQ_TIMEOUT") })
  }
})

it("ends a thread whose job is canceled", async () => {
  const queue = await installQueue()
  const { pgq, start } = makeWorker(queue, { a: { executor: new ThreadExecutor({ module, export: "forever" }) } })
  start()
  const [id] = await queue.queries.enqueue("a")
  await eventually(async () => (await queue.queries.job(id!))!.status === "picked")
  await queue.queries.cancel(id!)
  await queue.ended(1)
  expect((await queue.queries.job(id!))!.status).toBe("canceled")
  await pgq.stop()
})

it("says so when a result cannot leave the thread, or an export is missing", async () => {
  const queue = await installQueue()
  const { drain } = makeWorker(queue, {
    bigint: { executor: new ThreadExecutor({ module, export: "bigint" }) },
    missing: { executor: new ThreadExecutor({ module, export: "nothing" }) },
  })
  const [bigint, missing] = await queue.queries.enqueue(["bigint", "missing"])
  await drain()
  expect(await queue.queries.job(bigint!)).toMatchObject({ error: expect.stringContaining("PGQ_RESULT_INVALID") })
  expect(await queue.queries.job(missing!)).toMatchObject({
    error: expect.stringMatching(/PGQ_MODULE_INVALID.*no function nothing/),
  })
})

it("ends its threads with the worker, and makes new ones for the next run", async () => {
  const queue = await installQueue()
  const executor = new ThreadExecutor({ module })
  const { drain } = makeWorker(queue, { a: { executor } })
  for (let round = 1; round <= 2; round++) {
    await queue.queries.enqueue("a")
    await drain()
  }
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 2 }])
})

it.each([
  [{ module: "handlers.mjs" }, "PGQ_OPTION_INVALID"],
  [{ module: new URL("nowhere.mjs", import.meta.url) }, "PGQ_MODULE_INVALID"],
  [{ module, maxThread: 2 }, "PGQ_OPTION_INVALID"],
  [{ module, memoryLimitMb: 0 }, "PGQ_OPTION_INVALID"],
  [undefined, "PGQ_OPTION_INVALID"],
])("refuses the options %j", (options, code) => {
  expect(() => new ThreadExecutor(options as never)).toThrow(
    expect.objectContaining({ code, name: PgQueuerError.name }),
  )
})

function makeWorker(queue: TestQueue, entrypoints: Readonly<Record<string, EntrypointOptions>>) {
  const log = recordingLogger()
  const driver = new PgPoolDriver(queue.database.pool({ max: 6 }))
  const pgq = new PgQueuer(driver, { schema: queue.schema, logger: log })
  for (const [name, options] of Object.entries(entrypoints)) {
    const notHere = () => {
      throw new Error("called outside of its thread")
    }
    pgq.entrypoint(name, notHere, options)
  }
  return { pgq, log, drain: () => pgq.run({ mode: "drain" }), start: () => void pgq.run() }
}

function built<M>(path: string): Promise<M> {
  return import(new URL(`../../dist/${path}`, import.meta.url).href)
}
