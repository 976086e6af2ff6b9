import { expect, onTestFinished, test } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { PgQueuer } from "../../src/pgqueuer.js"
import { QueueManager } from "../../src/queue-manager.js"
import { SchedulerManager } from "../../src/scheduler-manager.js"
import { startPgq } from "../support/command-line.js"
import { recordingLogger } from "../support/logger.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

const several = "test/support/workers/several.ts"

test("a SchedulerManager alone is a schedule-only worker, made of a driver and options", async () => {
  const queue = await installQueue()
  const closed: string[] = []
  const sm = new SchedulerManager(driverOf(queue), { ...optionsOf(queue), resources: { mailer: mailer(closed) } })
  const ran = deferred<string>()
  sm.schedule("tick", "* * * * * *", (_schedule, { resources }) => ran.resolve(resources.mailer.name))
  expect(sm.health()).toMatchObject({ state: "starting" })
  const running = sm.run()
  expect(await ran.promise).toBe("mailer")
  expect(sm.schedules).toEqual(["tick"])
  expect(sm.health()).toMatchObject({ state: "ready", ready: true })
  expect(await queue.sql("select entrypoints, schedules from pgqueuer.worker")).toEqual([
    { entrypoints: [], schedules: ["tick"] },
  ])
  expect(() => sm.schedule("late", "@daily", () => {})).toThrow(expect.objectContaining({ code: "PGQ_WORKER_STATE" }))
  await expect(sm.run()).rejects.toMatchObject({ code: "PGQ_WORKER_STATE" })
  expect(closed).toEqual([])
  await sm[Symbol.asyncDispose]()
  await running
  expect(sm.health()).toMatchObject({ state: "stopped" })
  expect(closed).toEqual(["mailer"])
})

test("a SchedulerManager stops with its signal, and has nothing to drain", async () => {
  const queue = await installQueue()
  const sm = new SchedulerManager(driverOf(queue), optionsOf(queue))
  await expect(sm.run()).rejects.toMatchObject({ code: "PGQ_WORKER_STATE" })
  sm.schedule("tick", "* * * * * *", { entrypoint: "fetch" })
  await sm.run({ mode: "drain" })
  expect(await queue.queries.jobs()).toEqual([])
  const stop = new AbortController()
  const running = sm.run({ signal: stop.signal })
  await eventually(async () => (await queue.queries.jobs()).length > 0)
  stop.abort()
  await running
})

test("a QueueManager alone runs jobs, made of a driver and options", async () => {
  const queue = await installQueue()
  await using qm = new QueueManager(driverOf(queue), optionsOf(queue))
  const ended = deferred<string>()
  qm.entrypoint("fetch", (job) => job.payload)
  qm.on("ended", ({ status }) => ended.resolve(status))
  const running = qm.run()
  await queue.queries.enqueue("fetch", 7)
  expect(await ended.promise).toBe("successful")
  expect(qm.health()).toMatchObject({ state: "ready" })
  await qm.stop()
  await running
})

test("both refuse what PgQueuer refuses, each under its own name", async () => {
  const { driver } = await installQueue()
  const wrong = { maxConcurrentTask: 7 } as object
  expect(() => new SchedulerManager(driver, wrong)).toThrow(/SchedulerManager.*did you mean maxConcurrentTasks/)
  expect(() => new QueueManager(driver, wrong)).toThrow(/QueueManager.*did you mean maxConcurrentTasks/)
  expect(() => new QueueManager({} as never)).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
})

test("the halves of a PgQueuer can run apart: resources are disposed when both have ended, and events come from both", async () => {
  const queue = await installQueue()
  const closed: string[] = []
  const log = recordingLogger()
  const resources = { mailer: mailer(closed) }
  const pgq = new PgQueuer(driverOf(queue, 12), { ...optionsOf(queue), logger: log, resources })
  const ticked = deferred()
  pgq.entrypoint("fetch", () => {})
  pgq.schedule("tick", "* * * * * *", () => ticked.resolve())
  const halves = [pgq.qm.run(), pgq.sm.run()]
  onTestFinished(() => pgq.stop())
  await queue.queries.enqueue("fetch")
  await queue.ended(1)
  await ticked.promise
  expect([pgq.qm.health().state, pgq.sm.health().state]).toEqual(["ready", "ready"])
  await pgq.sm.stop()
  await halves[1]
  expect(closed).toEqual([])
  await pgq.stop()
  await halves[0]
  expect(closed).toEqual(["mailer"])
})

test.each(["scheduling", "queueing"])("pgq run accepts a half of a worker: %s", async (factory) => {
  const { database, queries } = await installQueue()
  await queries.enqueue("fetch")
  const args = ["run", `${several}:${factory}`, "--shutdown-timeout", "1s", "--health-port", "0"]
  const worker = startPgq(args, { database })
  await worker.writes(factory === "scheduling" ? "ticked" : "fetched")
  const [, health] = /health on (\S+)/.exec(worker.stderr) ?? []
  expect(await (await fetch(health!)).json()).toMatchObject({ state: "ready" })
  worker.process.kill("SIGTERM")
  expect((await worker.finished).code).toBe(0)
})

test.each([
  [["--entrypoints", "a"], 1, "--entrypoints cannot be set on what the factory returned"],
  [["--max-concurrent-tasks", "1"], 2, 'a worker of schedules has no option "maxConcurrentTasks"'],
])("pgq run says that schedules have no %s", async (option, exitCode, message) => {
  const { database } = await installQueue()
  const { code, stderr } = await startPgq(["run", `${several}:scheduling`, ...option], { database }).finished
  expect({ code, stderr }).toEqual({ code: exitCode, stderr: expect.stringContaining(message) })
})

function driverOf(queue: TestQueue, max = 6): PgPoolDriver {
  return new PgPoolDriver(queue.database.pool({ max }))
}

function optionsOf({ schema, prefix }: TestQueue) {
  return { schema, prefix, logger: recordingLogger() }
}

function mailer(closed: string[]) {
  return {
    name: "mailer",
    [Symbol.dispose]() {
      closed.push("mailer")
    },
  }
}
