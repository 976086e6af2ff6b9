import { expect, it, test } from "vitest"
import { pgq } from "../support/command-line.js"
import { formToken, installDashboard } from "../support/dashboard.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"
import { startWorkerProcess } from "../support/worker-process.js"

const idle = "asked to drain: this worker takes no more jobs, and ends"

it("drains one worker of two: it ends what runs, takes nothing more and exits with 0, and the other one goes on", async () => {
  const queue = await installQueue()
  const [worker, other] = [await spawn(queue), await spawn(queue)]
  await queue.queries.enqueueMany(Array.from({ length: 4 }, () => ({ entrypoint: "sleep", payload: 1_500 })))
  await eventually(() => worker.started.length + other.started.length === 4)
  const { id } = await recordOf(queue, worker.pid)
  expect(await queue.queries.drainWorkers([id, "999", id])).toEqual([
    { id, done: true },
    { id: "999", done: false, reason: "unknown" },
  ])
  await eventually(() => worker.logged.some((line) => line.includes(idle)))
  const held = [...worker.started]
  await queue.queries.enqueueMany(Array.from({ length: 6 }, () => ({ entrypoint: "sleep", payload: 1 })))
  expect(await worker.exited).toBe(0)
  expect(worker.finished).toEqual(held)
  await queue.ended(10)
  expect(other.exitCode).toBeNull()
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 10 }])
  expect(await queue.queries.drainWorkers(id)).toEqual([{ id, done: false, reason: "stopped" }])
}, 40_000)

it("hears of it by its heartbeat when the notification is lost", async () => {
  const queue = await installQueue()
  const worker = await spawn(queue, { heartbeatTimeout: "3s" })
  await queue.sql("update pgqueuer.worker set drain_requested_at = now()")
  expect(await worker.exited).toBe(0)
}, 40_000)

it("waits for its handlers when a first SIGTERM comes while it drains", async () => {
  const queue = await installQueue()
  const worker = await spawn(queue)
  await queue.queries.enqueue("sleep", 2_000)
  await eventually(() => worker.started.length === 1)
  const { id } = await recordOf(queue, worker.pid)
  await queue.queries.drainWorkers(id)
  await eventually(() => worker.logged.some((line) => line.includes(idle)))
  expect(await recordOf(queue, worker.pid)).toMatchObject({ state: "draining" })
  worker.kill("SIGTERM")
  expect(await worker.exited).toBe(0)
  expect(worker.finished).toHaveLength(1)
}, 40_000)

test("drains from the command line, and says of each worker what was done", async () => {
  const queue = await installQueue()
  const { database } = queue
  const worker = await spawn(queue)
  const { id } = await recordOf(queue, worker.pid)
  expect(await pgq(["workers", "drain", id], { database })).toMatchObject({
    code: 0,
    stdout: `${id} is asked to drain\n`,
  })
  expect(await worker.exited).toBe(0)
  const again = await pgq(["workers", "drain", id, "999"], { database })
  expect(again).toMatchObject({
    code: 1,
    stdout: `${id} not drained: it has stopped\n999 not drained: no worker has this id\n`,
  })
  const wrong = await pgq(["workers", "drian", id], { database })
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean drain?") })
  const bad = await pgq(["workers", "drain", "x"], { database })
  expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('"x" is no id of a worker') })
}, 40_000)

test("drains from the page of workers, where only admins may", async () => {
  const { ask, queue } = await installDashboard({ write: true })
  const worker = await spawn(queue)
  const { id } = await recordOf(queue, worker.pid)
  const token = await formToken(ask, "/workers", { as: "admin" })
  expect(await formToken(ask, "/workers", { as: "operator" })).toBe("")
  for (const [path, result] of [
    ["/workers/999/drain", "Nothing was done: there is no worker 999."],
    [`/workers/${id}/drain`, `Worker ${id} is asked to take no more jobs and to end.`],
  ] as const) {
    const response = await ask(path, { as: "admin", form: { token } })
    expect([response.status, response.headers.get("location")]).toEqual([303, "/workers"])
    const [last] = await queue.sql("select action, result from pgqueuer.audit order by id desc limit 1")
    expect(last).toEqual({ action: "drain worker", result })
  }
  expect(await worker.exited).toBe(0)
}, 40_000)

async function spawn(queue: TestQueue, options: { readonly heartbeatTimeout?: "3s" } = {}) {
  return startWorkerProcess({
    url: queue.database.url,
    entrypoints: ["sleep"],
    options: { schema: queue.schema, ...options },
  })
}

async function recordOf(queue: TestQueue, pid: number) {
  const workers = await queue.queries.workers({ all: true })
  return workers.find((worker) => worker.pid === pid)!
}
