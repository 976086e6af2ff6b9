import { expect, test } from "vitest"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import type { LogFields } from "../../src/ports/logger.js"
import { pgq as runPgq, startPgq } from "../support/command-line.js"
import { type RecordingLogger, recordingLogger } from "../support/logger.js"
import { deferred, eventually, installQueue } from "../support/queue.js"

const several = "test/support/workers/several.ts"

test("logs what becomes of each job under a name of its own, with worker, job, entrypoint, attempt and run time", async () => {
  const queue = await installQueue()
  const { pgq, log, drain } = queue.worker()
  const error = new Error("no way")
  pgq.entrypoint("good", () => {})
  pgq.entrypoint("bad", () => {
    throw error
  })
  pgq.entrypoint("held", () => Promise.reject(error), { onFailure: "hold" })
  pgq.entrypoint("again", () => {
    throw new RetryRequested({ delay: "1h" })
  })
  const ids = await queue.queries.enqueue(["good", "bad", "held", "again"])
  await drain()
  const about = (index: number, entrypoint: string) => ({
    worker: expect.stringMatching(/^\d+$/),
    job: ids[index],
    entrypoint,
    attempt: 1,
    runMs: expect.any(Number),
  })
  expect(linesOf(log, "job.started").map(({ fields }) => fields["job"])).toEqual(ids)
  expect(linesOf(log, "job.succeeded")).toMatchObject([{ level: "debug", fields: about(0, "good") }])
  expect(linesOf(log, "job.failed")).toMatchObject([
    { level: "error", fields: { ...about(1, "bad"), status: "exception", error } },
    { level: "error", fields: { ...about(2, "held"), status: "failed", error } },
  ])
  expect(linesOf(log, "job.retried")).toMatchObject([
    { level: "warn", fields: { ...about(3, "again"), delayMs: 3_600_000, error: expect.any(RetryRequested) } },
  ])
})

test("logs jobs that are canceled while they run, and those that a stop puts back", async () => {
  const queue = await installQueue()
  const { pgq, log, start } = queue.worker({ shutdownTimeout: "100ms" })
  const begun: string[] = []
  pgq.entrypoint("wait", async (job, { signal }) => {
    begun.push(job.id)
    await new Promise((resolve) => signal.addEventListener("abort", resolve))
    signal.throwIfAborted()
  })
  const [first, second] = await queue.queries.enqueue(["wait", "wait"])
  const running = start()
  await eventually(() => begun.length === 2)
  await queue.queries.cancel([first!])
  await eventually(() => linesOf(log, "job.canceled").length === 1)
  expect(linesOf(log, "job.canceled")).toMatchObject([{ level: "info", fields: { job: first } }])
  await running.stop()
  expect(linesOf(log, "job.released")).toMatchObject([{ level: "info", fields: { job: second } }])
  expect(linesOf(log, "worker.started")).toMatchObject([{ fields: { entrypoints: ["wait"], pid: process.pid } }])
  expect(linesOf(log, "worker.stopped")).toHaveLength(1)
})

test("names the event of every line, of handlers' lines too, unless they name it themselves", async () => {
  const queue = await installQueue()
  const { pgq, log, drain } = queue.worker()
  pgq.entrypoint("talk", (_job, context) => {
    context.log.info("plain")
    context.log.warn("named", { event: "talk.named" })
  })
  const [id] = await queue.queries.enqueue("talk")
  await drain()
  expect(log.lines.filter(({ fields }) => typeof fields["event"] !== "string")).toEqual([])
  expect(linesOf(log, "job.log")).toMatchObject([
    { message: "plain", fields: { worker: expect.any(String), job: id, entrypoint: "talk", attempt: 1 } },
  ])
  expect(linesOf(log, "talk.named")).toMatchObject([{ message: "named", fields: { job: id } }])
})

test("keeps payloads out of the log, unless they are asked for", async () => {
  const queue = await installQueue()
  const secret = { card: "4111 1111" }
  for (const logPayloads of [false, true]) {
    const { pgq, log, drain } = queue.worker({ logPayloads })
    pgq.entrypoint("pay", () => {})
    pgq.entrypoint("fail", () => {
      throw new Error("declined")
    })
    await queue.queries.enqueue(["pay", "fail", "pay", "pay"], [secret, secret, new Uint8Array(9), "x".repeat(5_000)])
    await drain()
    expect(JSON.stringify(log.lines).includes("4111")).toBe(logPayloads)
    if (!logPayloads) continue
    expect(linesOf(log, "job.failed")).toMatchObject([{ fields: { payload: secret } }])
    const shown = linesOf(log, "job.started").map(({ fields }) => fields["payload"])
    expect(shown).toContain("9 bytes")
    expect(shown.every((payload) => (JSON.stringify(payload)?.length ?? 0) < 2_100)).toBe(true)
  }
})

test("makes no lines for jobs that go well where the logger says that debug is off", async () => {
  const queue = await installQueue()
  const log = recordingLogger()
  const logger = { ...log, isLevelEnabled: (level: string) => level !== "debug" }
  const { pgq, drain } = queue.worker({ logger })
  pgq.entrypoint("good", () => {})
  pgq.entrypoint("bad", () => {
    throw new Error("no")
  })
  await queue.queries.enqueue(["good", "bad"])
  await drain()
  expect(log.lines.map(({ fields }) => fields["event"])).toEqual(["worker.started", "job.failed", "worker.stopped"])
})

test("runs jobs although the logger throws", async () => {
  const queue = await installQueue()
  const fail = () => {
    throw new Error("the disk is full")
  }
  const { pgq, start } = queue.worker({ logger: { debug: fail, info: fail, warn: fail, error: fail } })
  const ran = deferred()
  pgq.entrypoint("good", () => ran.resolve())
  const running = start()
  const [id] = await queue.queries.enqueue("good")
  await ran.promise
  await queue.ended(1)
  await running.stop()
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful" })
})

test("pgq run writes an object a line with --log-format json, from --log-level up", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("slow", { ms: 1 })
  const args = ["run", `${several}:slow`, "--mode", "drain", "--log-format", "json", "--log-level", "debug"]
  const { code, stderr } = await runPgq(args, { database })
  const lines = stderr
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as LogFields)
  expect(code).toBe(0)
  expect(lines.map(({ level, event }) => `${level} ${event}`)).toEqual([
    "info worker.started",
    "debug job.started",
    "debug job.succeeded",
    "info worker.stopped",
  ])
  expect(lines[2]).toMatchObject({ job: id, entrypoint: "slow", attempt: 1, time: expect.any(String) })
})

test("pgq run takes level and format from the environment, and refuses what is none", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("slow", { ms: 1 })
  const environment = { PGQUEUER_LOG_LEVEL: "warn", PGQUEUER_LOG_FORMAT: "json" }
  const drain = ["run", `${several}:slow`, "--mode", "drain"]
  expect(await runPgq(drain, { database, environment })).toMatchObject({ code: 0, stderr: "" })
  const verbose = await runPgq([...drain, "--log-level", "wanr"], { database })
  expect(verbose.stderr).toContain('--log-level cannot be "wanr", did you mean warn?')
  expect(verbose.code).toBe(2)
  const yaml = await runPgq(drain, { database, environment: { PGQUEUER_LOG_FORMAT: "yaml" } })
  expect(yaml.stderr).toContain('PGQUEUER_LOG_FORMAT cannot be "yaml"')
  expect(yaml.code).toBe(2)
})

test("shows no password of the connection, whatever goes wrong", async () => {
  const { database, queries } = await installQueue()
  for (const format of ["json", "pretty"]) {
    await queries.enqueue("leak")
    const args = ["run", `${several}:leaking`, "--mode", "drain", "--log-format", format, "--log-level", "debug"]
    const { code, stderr, stdout } = await startPgq(args, { database }).finished
    expect(code).toBe(0)
    expect(stderr).toContain("job.failed")
    expect(stderr).toContain("joe:***@")
    expect(stdout + stderr).not.toContain("geheim")
  }
})

function linesOf(log: RecordingLogger, event: string) {
  return log.lines.filter(({ fields }) => fields["event"] === event)
}
