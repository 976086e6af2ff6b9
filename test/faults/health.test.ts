import { createServer } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import type { Health } from "../../src/app/health.js"
import { pgq, type Started, startPgq } from "../support/command-line.js"
import { startOwnServer } from "../support/own-server.js"
import { eventually, installQueue } from "../support/queue.js"

// Real requests to real processes.

const several = "test/support/workers/several.ts"

test("answers from before the worker is made until it has stopped: starting, ready, draining", async () => {
  const { database, queries } = await installQueue()
  const worker = startPgq(["run", `${several}:late`, "--health-port", "0"], { database, stdin: "open" })
  await worker.writes("starts late")
  const url = await addressOf(worker)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await statuses(url)).toEqual({ live: 200, ready: 503 })
  expect(await healthAt(url)).toMatchObject({ state: "starting", problems: ["starting"], worker: null })

  worker.process.stdin!.write("go on\n")
  await isWell(url)
  const [id] = await queries.enqueue("slow", { ms: 3_000 })
  await worker.writes(`begins ${id}`)
  const { worker: workerId, heartbeat, holds, listen, since } = await healthAt(url)
  const [known] = await queries.workers()
  expect({ workerId, holds, listen }).toEqual({
    workerId: known!.id,
    holds: { running: 1, waiting: 0 },
    listen: "listening",
  })
  expect(heartbeat!.ageMs).toBeLessThan(20_000)
  expect(Math.abs(new Date(since).getTime() - known!.startedAt.getTime())).toBeLessThan(10_000)

  worker.process.kill("SIGTERM")
  await eventually(async () => (await healthAt(url)).state === "draining", 2_500)
  expect(await statuses(url)).toEqual({ live: 200, ready: 503 })
  expect(await worker.finished).toMatchObject({ code: 0 })
  await expect(fetch(`${url}/live`)).rejects.toThrow("fetch failed")
}, 60_000)

test("is live and not ready while the database is away, and ready again when it is back", async () => {
  const { server } = await startOwnServer()
  const worker = startPgq(["run", `${several}:slow`, "--health-port", "0", "--dsn", server.url])
  const url = await addressOf(worker)
  await isWell(url)

  process.kill(server.pid, "SIGQUIT")
  await eventually(async () => (await statuses(url)).ready === 503)
  expect(await healthAt(url)).toMatchObject({ state: "ready", problems: ["database-unreachable"], listen: "lost" })
  expect((await statuses(url)).live).toBe(200)

  await server.restart("immediate")
  await isWell(url)
  worker.process.kill("SIGTERM")
  expect((await worker.finished).code).toBe(0)
}, 90_000)

test("says at once for how long a handler has held up the event loop, and is not live once the jobs are others'", async () => {
  const { database, queries } = await installQueue()
  const worker = startPgq(["run", `${several}:blocking`, "--health-port", "0"], { database })
  const url = await addressOf(worker)
  await isWell(url)
  const { heartbeat } = await healthAt(url)
  const [id] = await queries.enqueue("block", heartbeat!.timeoutMs + 6_000)
  await worker.writes(`blocks ${id}`)
  await eventually(async () => (await answerOf(`${url}/ready`)).body.problems?.[0] === "event-loop-blocked")
  expect(await answerOf(`${url}/live`)).toMatchObject({ status: 200, body: { live: true } })
  const { status, body } = await answerOf(`${url}/`)
  expect({ status, live: body.live, ready: body.ready }).toEqual({ status: 503, live: true, ready: false })
  expect(body.blockedMs).toBeGreaterThan(900)
  await eventually(async () => (await answerOf(`${url}/live`)).status === 503, heartbeat!.timeoutMs + 5_000)
  await eventually(async () => (await answerOf(`${url}/live`)).status === 200, 20_000)
  const { eventLoop } = await healthAt(url)
  expect(eventLoop!.worstLagMs).toBeGreaterThan(2_000)
  worker.process.kill("SIGTERM")
  expect((await worker.finished).code).toBe(0)
}, 90_000)

test("is reached on an IPv6 address, and refuses methods and paths that it does not have", async () => {
  const { database } = await installQueue()
  const options = ["--health-port", "0", "--health-host", "::1"]
  const worker = startPgq(["run", `${several}:slow`, ...options], { database })
  const url = await addressOf(worker)
  expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  await isWell(url)
  expect((await fetch(`${url}/live`, { method: "POST" })).status).toBe(405)
  expect((await fetch(`${url}/metrics`)).status).toBe(404)
  expect((await fetch(`${url}/ready/`, { method: "HEAD" })).status).toBe(200)
})

test("ends with an error before anything is loaded or claimed where the port is taken", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("slow", { ms: 1 })
  const other = createServer().listen(0, "127.0.0.1")
  onTestFinished(() => void other.close())
  await eventually(() => other.listening)
  const { port } = other.address() as { port: number }
  const { code, stdout, stderr } = await pgq(["run", `${several}:slow`, "--health-port", `${port}`], { database })
  expect(stderr).toBe(
    `pgq: port ${port} of 127.0.0.1 is taken (PGQ_PORT_UNAVAILABLE)\n` +
      "  Give --health-port another port, or end the process that listens there.\n",
  )
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
  expect(await queries.job(id!)).toMatchObject({ status: "queued", attempt: 1 })
})

test.for([
  [["--health-port", "70000"], 2, "--health-port is out of range"],
  [["--health-host", "127.0.0.1"], 2, "--health-host needs --health-port"],
  [["--health-port", "0", "--health-host", "192.0.2.1"], 1, "no address of this machine"],
] as const)("refuses %j", async ([options, expected, text]) => {
  const { code, stderr } = await pgq(["run", `${several}:slow`, ...options])
  expect(stderr).toContain(text)
  expect(code).toBe(expected)
})

async function addressOf(worker: Started): Promise<string> {
  await worker.writes("pgq: health on http://")
  return /pgq: health on (\S+)/.exec(worker.stderr)![1]!
}

/** Within a second and a half, whatever the worker does. */
async function answerOf(url: string): Promise<{ status: number; body: Answer }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_500) })
  return { status: response.status, body: (await response.json()) as Answer }
}

/** Resolves when it is ready, and hears notifications. */
async function isWell(url: string): Promise<void> {
  await eventually(async () => {
    const { ready, listen } = await healthAt(url)
    return ready && listen === "listening"
  }, 30_000)
}

async function statuses(url: string): Promise<{ live: number; ready: number }> {
  const [live, ready] = await Promise.all([fetch(`${url}/live`), fetch(`${url}/ready`)])
  return { live: live.status, ready: ready.status }
}

async function healthAt(url: string): Promise<Health> {
  return (await (await fetch(url)).json()) as Health
}

interface Answer {
  readonly live?: boolean
  readonly ready?: boolean
  readonly problems?: readonly string[]
  readonly blockedMs?: number
}
