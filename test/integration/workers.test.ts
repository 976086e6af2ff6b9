import { hostname } from "node:os"
import { expect, it } from "vitest"
import type { WorkerRecord } from "../../src/ports/operation-store.js"
import { packageVersion } from "../../src/version.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

it("lists a worker that runs, with what it holds", async () => {
  const queue = await installQueue()
  const gate = deferred()
  const worker = queue.worker()
  worker.pgq.entrypoint("slow", () => gate.promise)
  worker.pgq.entrypoint("other", () => {})
  worker.start()
  await queue.queries.enqueue(["slow", "slow"])
  await eventually(async () => (await queue.queries.workers())[0]?.holds["slow"] === 2)
  expect(await queue.queries.workers()).toEqual([
    {
      id: "1",
      host: hostname(),
      pid: process.pid,
      version: packageVersion,
      entrypoints: ["slow", "other"],
      startedAt: expect.any(Date),
      heartbeatAt: expect.any(Date),
      stoppedAt: null,
      state: "running",
      silentMs: expect.any(Number),
      holds: { slow: 2 },
      vitals: expect.toSatisfy((vitals) => vitals === null || typeof vitals.memoryBytes === "number"),
    },
  ])
  gate.resolve()
  await queue.ended(2)
  await eventually(async () => Object.keys((await queue.queries.workers())[0]!.holds).length === 0)
})

it("tells workers that are silent, stopped and lost apart, and shows the ended ones when asked", async () => {
  const queue = await installQueue()
  const silent = await addWorker(queue, "heartbeat_at = now() - interval '21 seconds'")
  const stopped = await addWorker(queue, "stopped_at = now()")
  const lost = await addWorker(queue, "stopped_at = now(), lost = true")
  const states = async (all: boolean) =>
    Object.fromEntries((await queue.queries.workers({ all })).map(({ id, state }) => [id, state]))
  expect(await states(false)).toEqual({ [silent]: "silent" })
  expect(await states(true)).toEqual({ [silent]: "silent", [stopped]: "stopped", [lost]: "lost" })
})

it("shows how a worker is, as it said with its last heartbeat", async () => {
  const queue = await installQueue()
  await queue.queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "a" })))
  const gate = deferred()
  const worker = queue.worker({ maxConcurrentTasks: 20, heartbeatTimeout: "1s" })
  worker.pgq.entrypoint("a", () => gate.promise)
  worker.start()
  await eventually(async () => (await queue.queries.workers())[0]?.vitals?.running === 20)
  const [{ vitals }] = (await queue.queries.workers()) as [WorkerRecord]
  expect(vitals).toMatchObject({
    listen: expect.stringMatching(/opening|listening/),
    leaseLosses: 0,
    claims: { jobs: 20 },
  })
  expect(vitals!.claims.times.count).toBeGreaterThan(0)
  expect(vitals!.memoryBytes).toBeGreaterThan(10_000_000)
  expect(vitals!.cpuMs).toBeGreaterThan(0)
  gate.resolve()
  await queue.ended(50)
  await eventually(async () => (await queue.queries.workers())[0]?.vitals?.acknowledgements.jobs === 50)
})

async function addWorker(queue: TestQueue, change: string): Promise<string> {
  const [row] = await queue.sql<{ id: string }>(
    `insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms)
    values ('far', 7, '0', '{a}', 30000) returning id::text as id`,
  )
  await queue.sql(`update pgqueuer.worker set ${change} where id = $1::bigint`, [row!.id])
  return row!.id
}
