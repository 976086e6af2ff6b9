import type pg from "pg"
import { expect, it, onTestFinished } from "vitest"
import { CompletionWatcher } from "../../src/completion-watcher.js"
import { PgQueuer } from "../../src/pgqueuer.js"
import { recordingLogger } from "../support/logger.js"
import { startOwnServer } from "../support/own-server.js"
import { eventually } from "../support/queue.js"
import { startWorkerProcess } from "../support/worker-process.js"

it.each(["fast", "immediate"] as const)(
  "survives a %s restart of the server in the middle: no worker exits, all jobs end, and only what was in flight runs twice",
  async (mode) => {
    const { server, pool, queries } = await startOwnServer()
    const workers = await Promise.all(
      [1, 2].map(() =>
        startWorkerProcess({ url: server.url, entrypoints: ["sleep"], options: { maxConcurrentTasks: 100 } }),
      ),
    )
    await queries.enqueueMany(Array.from({ length: 2_000 }, () => ({ entrypoint: "sleep", payload: 200 })))
    const started = () => workers.flatMap((worker) => worker.started)
    const finished = () => workers.flatMap((worker) => worker.finished)
    await eventually(() => finished().length > 600, 60_000)
    await server.restart(mode)
    await eventually(
      () =>
        countEnded(pool).then(
          (ended) => ended === 2_000,
          () => false,
        ),
      60_000,
      100,
    )

    expect(workers.map((worker) => worker.exitCode)).toEqual([null, null])
    expect(new Set(finished()).size).toBe(2_000)
    expect(started().length - 2_000).toBeLessThanOrEqual(2 * 100)
    for (const worker of workers) worker.kill("SIGTERM")
    expect(await Promise.all(workers.map((worker) => worker.exited))).toEqual([0, 0])
    const { rows } = await pool.query("select from pgqueuer.claim")
    expect(rows).toEqual([])
  },
  150_000,
)

it("goes on waiting for ends over a restart of the server, and hears of them", async () => {
  const { server, driver, queries } = await startOwnServer()
  const log = recordingLogger()
  const watcher = new CompletionWatcher(driver, { logger: log })
  onTestFinished(() => watcher.close())
  const ids = await queries.enqueue(["a", "b"])
  const waits = ids.map((id) => watcher.waitFor(id))
  await eventually(async () => (await driver.query("select from pgqueuer.watcher")).length === 1)
  await server.restart("immediate")
  await eventually(() => log.messages("warn").some((message) => message.startsWith("the LISTEN connection was lost")))
  const cancel = () => queries.cancel(ids)
  await cancel().catch(cancel)
  const canceledAt = performance.now()
  expect(await Promise.all(waits)).toEqual(["canceled", "canceled"])
  expect(performance.now() - canceledAt).toBeLessThan(6_000)
}, 60_000)

it("stops in time although the database is away, and loses no job", async () => {
  const { server, driver, queries } = await startOwnServer()
  const log = recordingLogger()
  const pgq = new PgQueuer(driver, { logger: log, shutdownTimeout: "500ms" })
  pgq.entrypoint("a", () => new Promise((resolve) => setTimeout(resolve, 300)))
  const ended = pgq.run()
  onTestFinished(() => pgq.stop({ now: true }))
  await queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "a" })))
  await eventually(async () => (await queries.jobs({ status: "picked" })).length === 50)
  process.kill(server.pid, "SIGKILL")
  const before = performance.now()
  await pgq.stop()
  await ended
  expect(performance.now() - before).toBeLessThan(10_000)
  expect(log.messages("error").some((message) => message.includes("did not take the last outcomes"))).toBe(true)
  await server.restart("fast")
  const sizes = await queries.queueSize()
  expect(sizes.reduce((sum, { count }) => sum + count, 0)).toBe(50)
}, 60_000)

it("does its work when the server comes back after a long time away", async () => {
  const { server, driver, queries } = await startOwnServer()
  const log = recordingLogger()
  const pgq = new PgQueuer(driver, { logger: log, heartbeatTimeout: "1s" })
  const runs = new Map<string, number>()
  pgq.entrypoint("a", async (job) => void runs.set(job.id, (runs.get(job.id) ?? 0) + 1))
  const ended = pgq.run()
  onTestFinished(() => pgq.stop({ now: true }))
  await queries.enqueue("a")
  await eventually(async () => (await queries.statistics()).length === 1)
  process.kill(server.pid, "SIGKILL")
  await eventually(() => log.messages("error").length > 12, 30_000)
  await server.restart("fast")
  const [id] = await queries.enqueue("a")
  await eventually(async () => (await queries.job(id!))?.status === "successful", 15_000)
  await pgq.stop()
  await ended
}, 90_000)

async function countEnded(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query("select count(*)::int as ended from pgqueuer.outcome where status = 'successful'")
  return rows[0].ended
}
