import { expect, test } from "vitest"
import { PgQueuer } from "../../src/pgqueuer.js"
import type { EnqueueCall, EnqueueEnd, RunEnd, StartedRun, Tracing } from "../../src/ports/tracing.js"
import { Queries } from "../../src/queries.js"
import { deferred, eventually, installQueue } from "../support/queue.js"

test("tells what is enqueued and what becomes of each run", async () => {
  const heard: unknown[] = []
  const { queries, worker } = await installQueue({ tracing: recording(heard) })
  const [id] = await queries.enqueue("a", "é", { headers: { tenant: 7 } })
  const { pgq, drain } = worker({ tracing: recording(heard) })
  pgq.entrypoint("a", (job) => void heard.push(job.headers))
  await drain()
  expect(heard).toEqual([
    { jobs: [{ entrypoint: "a", headers: { tenant: 7 }, payloadBytes: 4 }], batch: false },
    { ids: [id] },
    { id, payloadBytes: 4 },
    { trace: "x", tenant: 7 },
    { status: "successful", error: undefined },
  ])
})

test.each(["start", "headers", "call before", "call after", "end"] as const)(
  "enqueues and runs each job once when tracing throws at %s",
  async (where) => {
    const { queries, worker } = await installQueue({ tracing: throwing(where) })
    const { pgq, drain, log } = worker({ tracing: throwing(where) })
    let runs = 0
    pgq.entrypoint("a", () => ++runs)
    const ids = [...(await queries.enqueue("a")), ...(await queries.enqueueMany([{ entrypoint: "a" }]))]
    await drain()
    expect(runs).toBe(2)
    const statuses = (await queries.jobs()).map(({ id, status }) => [id, status])
    expect(statuses).toEqual(ids.reverse().map((id) => [id, "successful"]))
    const expected = where === "headers" ? 0 : 2
    expect(log.messages("warn")).toEqual(Array(expected).fill("tracing failed; the work goes on without it"))
  },
)

test.each<[string, Tracing["startRun"]]>([
  ["leaves the work out", () => ({ call: () => undefined as never, end() {} })],
  ["works twice", () => ({ call: (work) => [work(), work()][1]!, end() {} })],
  ["answers with something else", () => ({ call: (work) => [work(), 7][1] as never, end() {} })],
  ["works later", () => ({ call: (work) => Promise.resolve().then(work) as never, end() {} })],
  ["swallows what is thrown", () => ({ call: (work) => Promise.resolve(work()).catch(() => {}) as never, end() {} })],
  ["makes a promise of its own", () => ({ call: (async (work: () => unknown) => await work()) as never, end() {} })],
])("runs each job once and knows its end when tracing %s", async (_, startRun) => {
  const tracing: Tracing = { ...recording([]), startRun }
  const { queries, worker } = await installQueue()
  const { pgq, drain } = worker({ tracing })
  const runs: string[] = []
  pgq.entrypoint("good", async ({ id }) => {
    runs.push(id)
    return "done"
  })
  pgq.entrypoint("bad", async ({ id }) => {
    runs.push(id)
    throw new Error("no")
  })
  const [good, bad] = await queries.enqueue(["good", "bad"])
  await drain()
  expect(runs.sort()).toEqual([good, bad])
  expect(await queries.job(good!)).toMatchObject({ status: "successful", result: "done" })
  expect(await queries.job(bad!)).toMatchObject({ status: "exception", error: "Error: no" })
})

test("keeps the errors of handlers and enqueues as they are when tracing throws, too", async () => {
  const { queries, worker } = await installQueue({ tracing: throwing("call after") })
  const { pgq, drain } = worker({ tracing: throwing("call after") })
  pgq.entrypoint("a", () => {
    throw new Error("the handler's own")
  })
  const [id] = await queries.enqueue("a", null, { dedupeKey: "k" })
  await expect(queries.enqueue("a", null, { dedupeKey: "k" })).rejects.toMatchObject({ code: "PGQ_DUPLICATE_KEY" })
  await drain()
  expect(await queries.job(id!)).toMatchObject({ status: "exception", error: "Error: the handler's own" })
})

test("ends the trace of a run whose worker was declared dead", async () => {
  const heard: unknown[] = []
  const { queries, worker, sql } = await installQueue()
  const { pgq, start } = worker({ tracing: recording(heard), heartbeatTimeout: "1s" })
  const begun = deferred()
  const release = deferred()
  pgq.entrypoint("a", async () => {
    begun.resolve()
    await release.promise
  })
  await queries.enqueue("a")
  start()
  await begun.promise
  await sql("update pgqueuer.worker as worker set stopped_at = now()")
  await eventually(() => heard.length > 1)
  expect(heard[1]).toEqual({ status: "lease-lost" })
  release.resolve()
})

test("tells what becomes of a schedule's handler, and runs it once whatever tracing does", async () => {
  const { queries, worker } = await installQueue()
  const heard: unknown[] = []
  const startTick: Tracing["startTick"] = ({ schedule, attempt }) => {
    heard.push({ schedule, attempt })
    if (schedule === "unlucky") throw new Error("tracing is broken")
    return { call: (work) => [work(), work()][0]!, end: (how) => void heard.push(how) }
  }
  const { pgq, start, log } = worker({ tracing: { ...recording([]), startTick } })
  const runs: string[] = []
  const error = new Error("no")
  pgq.schedule("fails", "0 0 1 1 *", () => {
    runs.push("fails")
    throw error
  })
  pgq.schedule("unlucky", "0 0 1 1 *", () => void runs.push("unlucky"))
  start()
  await eventually(async () => (await queries.schedules()).length === 2)
  await queries.triggerSchedules(["fails"])
  await eventually(() => heard.length === 2)
  await queries.triggerSchedules(["unlucky"])
  await eventually(() => runs.length > 1)
  expect(runs).toEqual(["fails", "unlucky"])
  expect(heard).toEqual([
    { schedule: "fails", attempt: 1 },
    { status: "exception", error },
    { schedule: "unlucky", attempt: 1 },
  ])
  expect(log.messages("warn")).toContain("tracing failed; the work goes on without it")
})

test("refuses what cannot trace", async () => {
  const { driver } = await installQueue()
  const tracing = { startRun() {} } as never
  expect(() => new Queries(driver, { tracing })).toThrow(/tracing must be an object with startEnqueue and startRun/)
  expect(() => new PgQueuer(driver, { tracing })).toThrow(/tracing must be an object with startEnqueue and startRun/)
})

function recording(heard: unknown[]): Tracing {
  return {
    startEnqueue(call: EnqueueCall) {
      heard.push(call)
      return { headers: { trace: "x" }, call: (work) => work(), end: (how: EnqueueEnd) => void heard.push(how) }
    },
    startRun({ job, payloadBytes }: StartedRun) {
      heard.push({ id: job.id, payloadBytes })
      return { call: (work) => work(), end: (how: RunEnd) => void heard.push(how) }
    },
  }
}

function throwing(where: "start" | "headers" | "call before" | "call after" | "end"): Tracing {
  const fail = (at: typeof where) => {
    if (at === where) throw new Error(`tracing is broken at ${at}`)
  }
  const start = () => {
    fail("start")
    return {
      get headers() {
        fail("headers")
        return {}
      },
      call<T>(work: () => T): T {
        fail("call before")
        const result = work()
        fail("call after")
        return result
      },
      end: () => fail("end"),
    }
  }
  return { startEnqueue: start, startRun: start }
}
