import { expect, it, vi } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { JobStopped } from "../../src/app/worker/job-context.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { PgQueuer } from "../../src/pgqueuer.js"
import { deferred, eventually, installQueue, type TestContext } from "../support/queue.js"

it("runs the highest priority first over all entrypoints, and equal ones first come, first served", async () => {
  const queue = await installQueue()
  const requests = Array.from({ length: 300 }, (_, n) => ({
    entrypoint: ["a", "b", "c"][n % 3]!,
    payload: n,
    priority: [5, 0, -2_147_483_648, 2_147_483_647, 5][n % 5]!,
  }))
  await queue.queries.enqueueMany(requests)
  const seen: number[] = []
  const { pgq, drain } = queue.worker({ maxConcurrentTasks: 1 })
  for (const name of ["c", "a", "b"]) pgq.entrypoint(name, async (job) => void seen.push(job.payload as number))
  await drain()
  const order = requests.map(({ payload, priority }) => ({ payload, priority }))
  order.sort((x, y) => y.priority - x.priority || x.payload - y.payload)
  expect(seen).toEqual(order.map(({ payload }) => payload))
})

it("runs an urgent job before those that wait, though it came last", async () => {
  const queue = await installQueue()
  const seen: unknown[] = []
  const first = deferred()
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 1 })
  pgq.entrypoint("a", async (job) => {
    seen.push(job.payload)
    if (seen.length === 1) await first.promise
  })
  start()
  await queue.queries.enqueue("a", "first")
  await eventually(() => seen.length === 1)
  for (let n = 0; n < 5; n++) await queue.queries.enqueue("a", n)
  await queue.queries.enqueue("a", "urgent", { priority: 1 })
  first.resolve()
  await queue.ended(7)
  expect(seen).toEqual(["first", "urgent", 0, 1, 2, 3, 4])
})

it("runs no more handlers at once than it was told", async () => {
  const queue = await installQueue()
  await queue.queries.enqueueMany(Array.from({ length: 100 }, () => ({ entrypoint: "a" })))
  let [running, most] = [0, 0]
  const { pgq, drain } = queue.worker({ maxConcurrentTasks: 7 })
  pgq.entrypoint("a", async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 2))
    running--
  })
  await drain()
  expect(most).toBe(7)
})

it("runs plain handlers as well as async ones", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("plain", () => 5)
  pgq.entrypoint("async", async () => 5)
  pgq.entrypoint("thrower", () => {
    throw new Error("plainly")
  })
  await queue.queries.enqueueMany(["plain", "async", "thrower"].map((entrypoint) => ({ entrypoint })))
  await drain()
  const jobs = await queue.queries.jobs()
  expect(jobs.map((job) => [job.entrypoint, job.status])).toEqual([
    ["thrower", "exception"],
    ["async", "successful"],
    ["plain", "successful"],
  ])
})

it("leaves jobs alone that it has no handler for", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("known", () => {})
  await queue.queries.enqueue("unknown", 1, { priority: 100 })
  await queue.queries.enqueue("known", 1)
  await drain()
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "unknown", status: "queued", count: 1 }])
})

it("records a failed run with its error and its traceback, and does not run it again", async () => {
  const queue = await installQueue()
  let runs = 0
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", async () => {
    runs++
    throw new TypeError("no \0 such thing", { cause: new Error("the reason") })
  })
  const [id] = await queue.queries.enqueue("a")
  await drain()
  expect(runs).toBe(1)
  expect(await queue.queries.job(id!)).toMatchObject({ status: "exception", error: "TypeError: no \ufffd such thing" })
  expect(await queue.queries.failures(id!)).toMatchObject([
    {
      attempt: 1,
      error: "TypeError: no \ufffd such thing",
      traceback: expect.stringMatching(/worker\.test\.ts[\s\S]*the reason/),
    },
  ])
})

it("runs a job again at the time that its handler asked for, and counts the attempts", async () => {
  const queue = await installQueue()
  const attempts: [number, number][] = []
  const { pgq, log, start } = queue.worker()
  pgq.entrypoint("a", async (job, context) => {
    attempts.push([context.attempt, performance.now()])
    if (job.attempt < 3) throw new RetryRequested({ delay: "200ms", reason: "not yet" })
  })
  start()
  const [id] = await queue.queries.enqueue("a")
  await queue.ended(1)
  expect(attempts.map(([attempt]) => attempt)).toEqual([1, 2, 3])
  expect(attempts[1]![1] - attempts[0]![1]).toBeGreaterThan(180)
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful", attempt: 3 })
  expect(await queue.queries.failures(id!)).toMatchObject([
    { attempt: 1, error: "RetryRequested: not yet" },
    { attempt: 2, error: "RetryRequested: not yet" },
  ])
  expect(log.messages("error")).toEqual([])
})

it("runs a job in the same drain again when its handler asks for that at once", async () => {
  const queue = await installQueue()
  let runs = 0
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", (job) => {
    runs++
    if (job.attempt < 5) throw new RetryRequested()
  })
  await queue.queries.enqueue("a")
  await drain()
  expect(runs).toBe(5)
})

it("ends a drain when nothing is left, and does not wait for deferred jobs", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  await queue.queries.enqueueMany(Array.from({ length: 2_000 }, () => ({ entrypoint: "a" })))
  await queue.queries.enqueue("a", 1, { executeAfter: "1h" })
  await drain()
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "a", status: "deferred", count: 1 }])
})

it("drains what its own handlers enqueue", async () => {
  const queue = await installQueue()
  let runs = 0
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", async (job, { queries }) => {
    runs++
    const left = job.payload as number
    if (left > 0) await queries.enqueue("a", left - 1)
  })
  await queue.queries.enqueue("a", 20)
  await drain()
  expect(runs).toBe(21)
})

it("drains an empty queue at once, also when two workers do it", async () => {
  const queue = await installQueue()
  const workers = [queue.worker(), queue.worker()]
  for (const { pgq } of workers) pgq.entrypoint("a", () => {})
  await queue.queries.enqueueMany(Array.from({ length: 1_000 }, () => ({ entrypoint: "a" })))
  await Promise.all(workers.map(({ drain }) => drain()))
  expect(await queue.queries.queueSize()).toEqual([])
})

it("runs each job once when several workers are at the same queue", async () => {
  const queue = await installQueue()
  const runs = new Map<string, number>()
  for (let n = 0; n < 3; n++) {
    const { pgq, start } = queue.worker({ maxConcurrentTasks: 20 })
    pgq.entrypoint("a", async (job) => void runs.set(job.id, (runs.get(job.id) ?? 0) + 1))
    start()
  }
  for (let n = 0; n < 10; n++) await queue.queries.enqueueMany(Array.from({ length: 500 }, () => ({ entrypoint: "a" })))
  await queue.ended(5_000)
  expect(runs.size).toBe(5_000)
  expect(Math.max(...runs.values())).toBe(1)
})

it("starts a job at once on an idle worker, without waiting for a poll", async () => {
  const queue = await installQueue()
  const { pgq, log, start } = queue.worker({ pollInterval: "60s" })
  const waits: number[] = []
  pgq.entrypoint("a", (job) => void waits.push(performance.now() - (job.payload as number)))
  start()
  await eventually(() => log.messages("info").includes("worker started"))
  for (let n = 0; n < 30; n++) {
    await queue.queries.enqueue("a", performance.now())
    await eventually(() => waits.length === n + 1, 5_000, 5)
  }
  expect(waits.sort((a, b) => a - b)[15]).toBeLessThan(100)
})

it("gives handlers a context with signal, attempt, resources, logger and queries, and finds it by the job's id", async () => {
  const queue = await installQueue()
  const seen: { context: TestContext<{ name: string }>; found: unknown }[] = []
  const { pgq, log, drain } = queue.worker({ resources: { name: "shared" } })
  pgq.entrypoint("a", async (job, context) => {
    seen.push({ context, found: pgq.qm.getContext(job.id) })
    context.log.warn("from the handler", { step: 1 })
  })
  const [id] = await queue.queries.enqueue("a")
  await drain()
  const [{ context, found }] = seen as [(typeof seen)[0]]
  expect(found).toBe(context)
  expect(context).toMatchObject({ attempt: 1, resources: { name: "shared" } })
  expect(context.signal.aborted).toBe(false)
  expect(context.queries).toBe(pgq.queries)
  expect(log.lines).toContainEqual({
    level: "warn",
    message: "from the handler",
    fields: { worker: expect.any(String), event: "job.log", job: id, entrypoint: "a", attempt: 1, step: 1 },
  })
  expect(pgq.qm.getContext(id!)).toBeUndefined()
})

it("disposes resources once at the end, the last one first", async () => {
  const queue = await installQueue()
  const disposed: string[] = []
  const resources = {
    first: { [Symbol.asyncDispose]: async () => void disposed.push("first") },
    second: { [Symbol.dispose]: () => void disposed.push("second") },
    plain: { value: 1 },
    none: null,
  }
  const { pgq, drain } = queue.worker({ resources })
  pgq.entrypoint("a", (_, context) => void expect(context.resources).toBe(resources))
  await queue.queries.enqueue("a")
  await drain()
  expect(disposed).toEqual(["second", "first"])
  expect((await queue.queries.statistics())[0]).toMatchObject({ status: "successful" })
})

it("tells listeners what happens, and is not harmed by one that throws", async () => {
  const queue = await installQueue()
  const heard: unknown[] = []
  const { pgq, log, drain } = queue.worker({ maxConcurrentTasks: 1 })
  pgq.entrypoint("good", () => {})
  pgq.entrypoint("bad", () => {
    throw new Error("bad")
  })
  pgq.entrypoint("again", (job) => {
    if (job.attempt === 1) throw new RetryRequested()
  })
  pgq.on("started", () => {
    throw new Error("a broken listener")
  })
  pgq.on("started", ({ job }) => heard.push(["started", job.entrypoint, job.attempt]))
  pgq.on("ended", ({ job, status }) => heard.push(["ended", job.entrypoint, status]))
  pgq.on("retried", ({ job, delayMs }) => heard.push(["retried", job.entrypoint, delayMs]))
  const off = pgq.on("ended", () => heard.push("never"))
  off()
  await queue.queries.enqueue(["good", "bad", "again"], undefined, [3, 2, 1])
  await drain()
  expect(heard).toEqual([
    ["started", "good", 1],
    ["ended", "good", "successful"],
    ["started", "bad", 1],
    ["ended", "bad", "exception"],
    ["started", "again", 1],
    ["retried", "again", 0],
    ["started", "again", 2],
    ["ended", "again", "successful"],
  ])
  expect(log.messages("warn")).toContain("a listener of the event started threw")
})

it("lets running handlers end when it is stopped, and puts back what waits", async () => {
  const queue = await installQueue()
  const gate = deferred()
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 2 })
  let started = 0
  pgq.entrypoint("a", async () => {
    started++
    await gate.promise
  })
  const running = start()
  await queue.queries.enqueueMany(Array.from({ length: 10 }, () => ({ entrypoint: "a" })))
  await eventually(() => started === 2)
  const stopped = running.stop()
  gate.resolve()
  await stopped
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "a", status: "queued", count: 8 }])
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 2 }])
})

it("aborts handlers with the reason shutdown when their time is up, and puts their jobs back without counting the attempt", async () => {
  const queue = await installQueue()
  const reasons: unknown[] = []
  const { pgq, start } = queue.worker({ shutdownTimeout: 100 })
  pgq.entrypoint("a", async (_, { signal }) => {
    await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  })
  pgq.entrypoint("deaf", async (_, { signal }) => {
    signal.addEventListener("abort", () => reasons.push(signal.reason))
    await new Promise((resolve) => setTimeout(resolve, 3_000).unref())
  })
  const running = start()
  const ids = await queue.queries.enqueue(["a", "deaf"])
  await eventually(async () => (await queue.queries.jobs({ status: "picked" })).length === 2)
  const before = performance.now()
  await running.stop()
  expect(performance.now() - before).toBeLessThan(2_500)
  expect(reasons).toEqual([expect.any(JobStopped)])
  expect(reasons[0]).toMatchObject({ reason: "shutdown" })
  for (const id of ids) expect(await queue.queries.job(id)).toMatchObject({ status: "queued", attempt: 1, rescues: 0 })
  const other = queue.worker()
  for (const name of ["a", "deaf"]) other.pgq.entrypoint(name, () => {})
  await other.drain()
  for (const id of ids) expect(await queue.queries.job(id)).toMatchObject({ status: "successful", attempt: 1 })
})

it("records what ended by itself after the signal was aborted", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ shutdownTimeout: 50 })
  pgq.entrypoint("a", async (_, { signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()))
  })
  const running = start()
  const [id] = await queue.queries.enqueue("a")
  await eventually(async () => (await queue.queries.job(id!))!.status === "picked")
  await running.stop()
  expect((await queue.queries.job(id!))!.status).toBe("successful")
})

it("stops at once when it is told a second time", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ shutdownTimeout: "30s" })
  pgq.entrypoint("a", () => new Promise((resolve) => setTimeout(resolve, 20_000).unref()))
  const running = start()
  const [id] = await queue.queries.enqueue("a")
  await eventually(async () => (await queue.queries.job(id!))!.status === "picked")
  const before = performance.now()
  void pgq.stop()
  await running.stop()
  expect(performance.now() - before).toBeLessThan(2_000)
  expect((await queue.queries.job(id!))!.status).toBe("queued")
})

it("stops when the signal of run is aborted, and does not start when it was", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  pgq.entrypoint("a", () => {})
  await pgq.run({ signal: AbortSignal.abort() })
  const controller = new AbortController()
  const running = start({ signal: controller.signal })
  await queue.queries.enqueue("a")
  await queue.ended(1)
  controller.abort()
  await running.ended
})

it("can be run again after it was stopped", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  for (let n = 0; n < 3; n++) {
    await queue.queries.enqueue("a")
    await drain()
  }
  expect(await queue.queries.statistics()).toMatchObject([{ count: 3 }])
})

it("gives all its connections back when it stops", async () => {
  const queue = await installQueue()
  const pool = queue.database.pool({ max: 6 })
  const { pgq, drain } = queue.worker({}, new PgPoolDriver(pool))
  pgq.entrypoint("a", () => {})
  await queue.queries.enqueue("a")
  await drain()
  expect(pool.totalCount).toBe(pool.idleCount)
})

it("refuses to run twice at once, without entrypoints, and to register while it runs", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  await expect(pgq.run()).rejects.toMatchObject({ code: "PGQ_WORKER_STATE" })
  pgq.entrypoint("a", () => {})
  start()
  await expect(pgq.run()).rejects.toMatchObject({ code: "PGQ_WORKER_STATE" })
  expect(() => pgq.entrypoint("b", () => {})).toThrow(expect.objectContaining({ code: "PGQ_WORKER_STATE" }))
})

it.each<[string, (pgq: PgQueuer) => unknown, string]>([
  ["a handler that is no function", (pgq) => pgq.entrypoint("a", 5 as never), "PGQ_OPTION_INVALID"],
  ["a second handler", (pgq) => [pgq.entrypoint("a", vi.fn()), pgq.entrypoint("a", vi.fn())], "PGQ_OPTION_INVALID"],
  ["a name with a NUL", (pgq) => pgq.entrypoint("a\0", vi.fn()), "PGQ_NAME_INVALID"],
  ["an empty name", (pgq) => pgq.entrypoint("", vi.fn()), "PGQ_NAME_INVALID"],
])("refuses %s", async (_, act, code) => {
  const { driver, schema } = await installQueue()
  expect(() => act(new PgQueuer(driver, { schema }))).toThrow(expect.objectContaining({ code }))
})

it.each([
  [{ maxConcurentTasks: 5 }, /did you mean maxConcurrentTasks/],
  [{ heartbeatTimeout: "10" }, /heartbeatTimeout/],
  [{ schema: "Bad" }, /schema/],
  [{ resources: 5 }, /resources/],
])("refuses the options %j", async (options, message) => {
  const { driver } = await installQueue()
  expect(() => new PgQueuer(driver, options as never)).toThrow(message)
})

it("refuses unknown modes and options of run", async () => {
  const queue = await installQueue()
  const { pgq } = queue.worker()
  pgq.entrypoint("a", () => {})
  await expect(pgq.run({ mode: "drian" as never })).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  await expect(pgq.run({ mod: "drain" } as never)).rejects.toThrow(/did you mean mode/)
})

it("says how it is: from before it runs until it has stopped, and again", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  const go = deferred()
  pgq.entrypoint("wait", () => go.promise)
  expect(pgq.health()).toMatchObject({ state: "starting", live: true, ready: false, worker: null, heartbeat: null })
  const running = start()
  await eventually(() => pgq.health().ready)
  await queue.queries.enqueue(["wait", "wait"])
  await eventually(() => pgq.health().holds!.running === 2)
  await eventually(() => pgq.health().listen === "listening")
  const [known] = await queue.queries.workers()
  expect(pgq.health()).toMatchObject({ state: "ready", problems: [], worker: known!.id, heartbeat: { failing: false } })
  const stopping = running.stop()
  await eventually(() => pgq.health().state === "draining")
  expect(pgq.health()).toMatchObject({ live: true, ready: false, problems: ["draining"], holds: { running: 2 } })
  go.resolve()
  await stopping
  expect(pgq.health()).toMatchObject({ state: "stopped", live: false, ready: false, worker: null, holds: null })
  const again = start()
  await eventually(() => pgq.health().ready)
  await again.stop()
})

it("is stopped, and not live, when it could not start", async () => {
  const queue = await installQueue()
  const { pgq } = queue.worker({ schema: "elsewhere" })
  pgq.entrypoint("a", () => {})
  await expect(pgq.run()).rejects.toMatchObject({ code: "PGQ_SCHEMA_MISSING" })
  expect(pgq.health()).toMatchObject({ state: "stopped", live: false })
})
