import { expect, it } from "vitest"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

it("tells for each limit what the code says, what was set by hand, and what holds", async () => {
  const queue = await installQueue()
  const { queries } = queue
  await queue.sql("insert into pgqueuer.entrypoint (name, code_concurrency_limit) values ('fetch', 5)")
  await queries.setLimits("fetch", { concurrencyLimit: 2 })
  await queries.setLimits("fetch", { requestsPerSecond: 0.5 })
  expect(await queries.limits()).toEqual([
    {
      entrypoint: "fetch",
      concurrencyLimit: { code: 5, set: 2, effective: 2 },
      requestsPerSecond: { code: null, set: 0.5, effective: 0.5 },
      paused: false,
      inUse: 0,
      lent: 0,
      workers: 0,
      known: false,
    },
  ])
  expect(await queries.setLimits("fetch", { concurrencyLimit: null })).toMatchObject({
    concurrencyLimit: { code: 5, set: null, effective: null },
    requestsPerSecond: { effective: 0.5 },
  })
  expect(await queries.setLimits("fetch", { concurrencyLimit: "reset" })).toMatchObject({
    concurrencyLimit: { code: 5, effective: 5 },
    requestsPerSecond: { set: 0.5 },
  })
  const reset = await queries.resetLimits("fetch")
  expect(reset.concurrencyLimit).toEqual({ code: 5, effective: 5 })
  expect(reset.requestsPerSecond).toEqual({ code: null, effective: null })
})

it("keeps both limits when two people set one each at the same time", async () => {
  const { queries } = await installQueue()
  await Promise.all([
    queries.setLimits("fetch", { concurrencyLimit: 3 }),
    queries.setLimits("fetch", { requestsPerSecond: 7 }),
    queries.pause("fetch"),
  ])
  expect(await queries.limits()).toMatchObject([
    { concurrencyLimit: { set: 3 }, requestsPerSecond: { set: 7 }, paused: true },
  ])
})

it("draws a new revision for each change, makes the gate of a limited entrypoint, and notifies the workers", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const heard: string[] = []
  const subscription = await queue.driver.listen(`${queue.schema}.events`, {
    onNotification: (text) => heard.push(text),
    onLost() {},
  })
  await queries.pause("fetch")
  const paused = await stateOf(queue)
  await queries.setLimits("fetch", { concurrencyLimit: 3 })
  const limited = await stateOf(queue)
  expect(paused.gates).toBe(0)
  expect(limited.gates).toBe(1)
  expect(limited.revision).toBeGreaterThan(paused.revision)
  await eventually(() => heard.length === 2)
  expect(new Set(heard)).toEqual(new Set(['{"entrypoints":[],"rules":true}']))
  await subscription.close()
})

it("starts no job of a paused entrypoint, lets the running one end, and goes on when it is resumed", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const gate = deferred()
  const ran: string[] = []
  const worker = queue.worker()
  worker.pgq.entrypoint("slow", async (job) => {
    ran.push(job.id)
    await gate.promise
  })
  worker.pgq.entrypoint("other", () => {})
  worker.start()
  const [first] = await queries.enqueue("slow")
  await eventually(() => ran.length === 1)
  expect(await queries.pause("slow")).toMatchObject({ paused: true, inUse: 1, workers: 1, known: true })
  const [second] = await queries.enqueue("slow")
  await queries.enqueue("other")
  gate.resolve()
  await queue.ended(2)
  expect(await queries.job(second!)).toMatchObject({ status: "queued" })
  await queries.resume("slow")
  await queue.ended(3)
  expect(ran).toEqual([first, second])
})

it("knows an entrypoint by its jobs, wherever they wait, and by its workers", async () => {
  const queue = await installQueue()
  const { queries } = queue
  await queries.enqueue("ready")
  await queries.enqueue("later", null, { executeAfter: "1h" })
  const worker = queue.worker()
  worker.pgq.entrypoint("worked", () => {})
  await worker.drain()
  const known = async (name: string) => (await queries.resume(name)).known
  expect([await known("ready"), await known("later"), await known("worked"), await known("redy")]).toEqual([
    true,
    true,
    true,
    false,
  ])
})

it("refuses limits out of range, unknown ones and none at all, with nothing written", async () => {
  const { queries } = await installQueue()
  for (const limits of [{ concurrencyLimit: 0 }, { requestsPerSecond: 0 }, { concurencyLimit: 1 }, {}]) {
    await expect(queries.setLimits("a", limits)).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  }
  await expect(queries.pause("")).rejects.toMatchObject({ code: "PGQ_NAME_INVALID" })
  expect(await queries.limits()).toEqual([])
})

async function stateOf(queue: TestQueue) {
  const [row] = await queue.sql<{ revision: number; gates: number }>(
    "select revision::int as revision, (select count(*)::int from pgqueuer.gate) as gates from pgqueuer.entrypoint",
  )
  return row!
}
