import { expect, test } from "vitest"
import { type Health, healthOf, type WorkerHealth } from "../../src/app/health.js"
import { healthHandler } from "../../src/app/health-handler.js"
import { EventLoopLag } from "../../src/app/worker/event-loop-lag.js"
import { FakeClock } from "../support/fake-clock.js"

const since = new Date("2026-01-31T08:00:00Z")
const now = new Date("2026-01-31T08:01:00Z")

const well: WorkerHealth = {
  worker: "7",
  heartbeat: { ageMs: 800, failing: false, timeoutMs: 30_000 },
  listen: "listening",
  holds: { running: 2, waiting: 1 },
  eventLoop: { lagMs: 0, worstLagMs: 12 },
}

test.for([
  ["starting", undefined, { live: true, ready: false, problems: ["starting"] }],
  ["ready", well, { live: true, ready: true, problems: [] }],
  ["ready", { ...well, listen: "lost" }, { ready: true }],
  [
    "ready",
    { ...well, heartbeat: { ...well.heartbeat, failing: true } },
    { live: true, problems: ["database-unreachable"] },
  ],
  [
    "ready",
    { ...well, heartbeat: { ...well.heartbeat, ageMs: 20_001 } },
    { live: true, problems: ["database-unreachable"] },
  ],
  ["ready", { ...well, worker: null }, { live: true, ready: false, problems: ["declared-dead"] }],
  ["draining", well, { live: true, ready: false, problems: ["draining"] }],
  ["stopped", undefined, { live: false, ready: false, problems: ["stopped"] }],
] as const)("judges a worker that is %s", ([state, worker, expected]) => {
  expect(healthOf({ state, since }, now, worker)).toMatchObject({ state, since, ...expected })
})

test("says when the last heartbeat was, and nothing of a worker that does not run", () => {
  expect(healthOf({ state: "ready", since }, now, well).heartbeat).toEqual({
    lastAt: new Date("2026-01-31T08:00:59.200Z"),
    ageMs: 800,
    failing: false,
    timeoutMs: 30_000,
  })
  expect(healthOf({ state: "stopped", since }, now, undefined)).toMatchObject({
    worker: null,
    heartbeat: null,
    listen: null,
    holds: null,
    eventLoop: null,
  })
})

const ready = healthOf({ state: "ready", since }, now, well)
const draining = healthOf({ state: "draining", since }, now, well)
const stopped = healthOf({ state: "stopped", since }, now, undefined)

test.for([
  [ready, "/live", 200, { live: true, state: "ready", since: since.toISOString() }],
  [ready, "/ready", 200, { ready: true, state: "ready", since: since.toISOString(), problems: [] }],
  [ready, "/", 200, { ready: true, worker: "7", holds: { running: 2, waiting: 1 }, listen: "listening" }],
  [draining, "/live", 200, { live: true }],
  [draining, "/ready/", 503, { ready: false, problems: ["draining"] }],
  [draining, "/", 503, { state: "draining", worker: "7" }],
  [stopped, "/live", 503, { live: false }],
  [ready, "/metrics", 404, {}],
] as const)("answers %#: %s", async ([health, path, status, body]) => {
  const answer = ask(health, path)
  expect(answer.status).toBe(status)
  expect(answer.headers.get("content-type")).toBe("application/json")
  expect(answer.headers.get("cache-control")).toBe("no-store")
  expect(await answer.json()).toMatchObject(body)
})

test("answers under the path where it is mounted, and nowhere else", () => {
  for (const basePath of ["/health", "/health/"]) {
    const status = (path: string) => ask(ready, path, { basePath }).status
    expect(["/health", "/health/", "/health/live", "/health/ready"].map(status)).toEqual([200, 200, 200, 200])
    expect(["/", "/live", "/healthy", "/healthy/live"].map(status)).toEqual([404, 404, 404, 404])
  }
  expect(() => healthHandler({ health: () => ready }, { basePath: "health" })).toThrow("must be a path")
})

test("answers GET and HEAD only", () => {
  expect(ask(ready, "/live", {}, "HEAD").status).toBe(200)
  const refused = ask(ready, "/live", {}, "POST")
  expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD"])
})

test("measures how late timers come, and forgets what was over a minute ago", async () => {
  const clock = new FakeClock()
  const lag = new EventLoopLag(clock)
  lag.start()
  await clock.advance(1_000)
  expect([lag.lastMs, lag.worstMs]).toEqual([0, 0])
  clock.skip(3_000)
  expect(lag.lastMs).toBe(2_500)
  await clock.advance(0)
  expect([lag.lastMs, lag.worstMs]).toEqual([2_500, 2_500])
  await clock.advance(500)
  expect([lag.lastMs, lag.worstMs]).toEqual([0, 2_500])
  await clock.advance(61_000)
  expect(lag.worstMs).toBe(0)
  lag.stop()
  expect(clock.pauses).toEqual([])
})

function ask(health: Health, path: string, options = {}, method = "GET"): Response {
  return healthHandler({ health: () => health }, options)(new Request(`http://localhost${path}`, { method }))
}
