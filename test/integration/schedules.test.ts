import { expect, it } from "vitest"
import type { PgQueuer } from "../../src/pgqueuer.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

interface RunRow extends Record<string, unknown> {
  readonly schedule: string
  readonly tick: Date
  readonly status: string
  readonly attempt: number
  readonly error: string | null
  readonly late_ms: number | null
}

function runsOf(queue: TestQueue, name?: string): Promise<RunRow[]> {
  return queue.sql<RunRow>(
    "select schedule, tick, status, attempt, error, (extract(epoch from started_at - tick) * 1000)::float8 as late_ms from pgqueuer.schedule_run where $1::text is null or schedule = $1::text order by tick, id",
    [name ?? null],
  )
}

/** As if nobody had been there for so long: the entry stands at a tick so many seconds ago. */
function sleptFor(queue: TestQueue, name: string, seconds: number): Promise<unknown> {
  return queue.sql(
    "update pgqueuer.schedule set next_run = date_trunc('second', clock_timestamp()) - $2::int * interval '1 second' where name = $1",
    [name, seconds],
  )
}

/** Writes the row of a schedule as a worker's start would, and stops. */
async function registerOnly(queue: TestQueue, register: (pgq: PgQueuer) => void): Promise<void> {
  const { pgq, start } = queue.worker()
  register(pgq)
  await start().stop()
}

it("starts every tick once over two workers, and tells the handler where it stands", async () => {
  const queue = await installQueue()
  const seen: { readonly tick: Date; readonly last: Date | undefined; readonly next: Date | undefined }[] = []
  for (let count = 0; count < 2; count++) {
    const { pgq, start } = queue.worker()
    pgq.schedule("tick", "* * * * * *", (schedule, context) => {
      expect(schedule.name).toBe("tick")
      expect(context.attempt).toBe(1)
      expect(context.signal.aborted).toBe(false)
      seen.push({ tick: schedule.tick, last: schedule.lastExecution, next: schedule.nextExecution })
    })
    start()
  }
  await eventually(() => seen.length >= 6, 30_000)
  const runs = (await runsOf(queue)).filter((run) => run.status !== "running")
  const ticks = runs.map((run) => run.tick.getTime())
  expect(ticks).toEqual(ticks.map((_, index) => ticks[0]! + index * 1_000))
  expect(runs.every((run) => run.status === "successful")).toBe(true)
  expect(seen[0]).toMatchObject({ last: undefined })
  for (const [index, { tick, last, next }] of seen.entries()) {
    if (index > 0) expect(last).toEqual(seen[index - 1]!.tick)
    expect(next?.getTime()).toBe(tick.getTime() + 1_000)
  }
})

it("enqueues the job of each tick in the job form, together with the move to the next", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  const jobs: unknown[] = []
  pgq.entrypoint("fetch", (job) => void jobs.push([job.payload, job.priority, job.headers]))
  pgq.schedule(
    "fetching",
    "* * * * * *",
    { entrypoint: "fetch", payload: { a: "\u0000" }, priority: 3, headers: { h: 1 } },
    { overlap: "allow" },
  )
  start()
  await eventually(() => jobs.length >= 2)
  expect(jobs[0]).toEqual([{ a: "\u0000" }, 3, { h: 1 }])
  const [row] = await queue.sql<{ runs: number; jobs: number }>(
    "select (select count(*)::int from pgqueuer.schedule_run where status = 'enqueued') as runs, (select count(*)::int from pgqueuer.job) as jobs",
  )
  expect(row!.runs).toBe(row!.jobs)
  expect(row!.jobs).toBeGreaterThanOrEqual(2)
})

it("works as a schedule-only worker, and says so in its row", async () => {
  const queue = await installQueue()
  const { pgq } = queue.worker()
  const ran = deferred()
  pgq.sm.schedule("tick", "* * * * * *", () => ran.resolve())
  const running = pgq.sm.run()
  await ran.promise
  expect(await queue.sql("select entrypoints, schedules from pgqueuer.worker")).toEqual([
    { entrypoints: [], schedules: ["tick"] },
  ])
  await pgq.stop()
  await running
})

it.each([
  ["skip", 0],
  ["once", 1],
  ["all", 3],
] as const)("catches up with missed ticks as %s says", async (missed, count) => {
  const queue = await installQueue()
  const register = (pgq: PgQueuer) => pgq.schedule("hourly", "* * * * * *", () => {}, { missed })
  await registerOnly(queue, register)
  await sleptFor(queue, "hourly", 14)
  // Three ticks, and a pause until the next.
  const seconds = await queue.sql<{ s: number }>(
    "select mod(extract(second from next_run)::int + n, 60) as s from pgqueuer.schedule cross join generate_series(0, 2) as n order by n",
  )
  await queue.sql("update pgqueuer.schedule set expression = $1", [`* * * * * ${seconds.map(({ s }) => s).join(",")}`])
  await queue.sql("delete from pgqueuer.schedule_run")
  const { pgq, start } = queue.worker()
  const { expression } = (await queue.sql<{ expression: string }>("select expression from pgqueuer.schedule"))[0]!
  pgq.schedule("hourly", expression, () => {}, { missed })
  start()
  await eventually(async () => {
    const [row] = await queue.sql<{ caught: boolean }>("select next_run > now() as caught from pgqueuer.schedule")
    const open = (await runsOf(queue)).some((run) => run.status === "waiting" || run.status === "running")
    return row!.caught && !open
  })
  const runs = await runsOf(queue)
  expect(runs.filter((run) => run.status === "successful")).toHaveLength(count)
  expect(runs.filter((run) => run.status === "skipped")).toHaveLength(missed === "skip" ? 1 : 0)
})

it.each([
  ["skip", 1],
  ["queue", 1],
  ["allow", 3],
] as const)("treats a tick during an earlier run as overlap %s says", async (overlap, most) => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  const gate = deferred()
  let running = 0
  let highest = 0
  pgq.schedule(
    "slow",
    "* * * * * *",
    async () => {
      highest = Math.max(highest, ++running)
      await gate.promise
      running--
    },
    { overlap },
  )
  start()
  await eventually(async () => (await runsOf(queue)).length >= 3)
  const statuses = (await runsOf(queue)).slice(0, 3).map((run) => run.status)
  expect(statuses).toEqual(
    {
      skip: ["running", "skipped", "skipped"],
      queue: ["running", "waiting", "skipped"],
      allow: ["running", "running", "running"],
    }[overlap],
  )
  if (overlap !== "allow") expect(highest).toBe(most)
  gate.resolve()
  await eventually(async () =>
    (await runsOf(queue)).slice(0, 2).every((run) => run.status !== "running" && run.status !== "waiting"),
  )
})

it("records the error of a handler, and goes on", async () => {
  const queue = await installQueue()
  const { pgq, start, log } = queue.worker()
  let runs = 0
  pgq.schedule("failing", "* * * * * *", () => {
    runs++
    throw new Error("no luck")
  })
  start()
  await eventually(() => runs >= 2)
  await eventually(async () => (await runsOf(queue))[0]?.status === "exception")
  expect((await runsOf(queue))[0]).toMatchObject({ status: "exception", error: "Error: no luck" })
  expect(log.lines.some((line) => line.message === "the handler of a schedule failed")).toBe(true)
})

it("aborts the signal of a handler that takes longer than its timeout, and records that it failed", async () => {
  const queue = await installQueue()
  const { pgq, start, log } = queue.worker()
  const reasons: unknown[] = []
  const ignored = deferred()
  pgq.schedule(
    "obeying",
    "* * * * * *",
    (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason.reason)
          reject(signal.reason)
        })
      }),
    { timeout: "50ms" },
  )
  pgq.schedule("ignoring", "* * * * * *", () => ignored.promise, { timeout: 20 })
  pgq.schedule("quick", "* * * * * *", () => {}, { timeout: "5s" })
  const running = start()
  const first = async (name: string) => (await runsOf(queue, name))[0]
  await eventually(async () => (await first("obeying"))?.status === "exception")
  expect((await first("obeying"))?.error).toMatch(/PGQ_TIMEOUT.*limited to 50 ms; it ended after/)
  expect(reasons[0]).toBe("timeout")
  await eventually(async () => (await first("quick"))?.status === "successful")
  // It holds its place until it returns, or the worker stops.
  expect((await first("ignoring"))?.status).toBe("running")
  await running.stop({ now: true })
  expect(await first("ignoring")).toMatchObject({ status: "exception", error: expect.stringMatching(/still running/) })
  expect(log.lines.filter(({ message }) => message === "the handler of a schedule failed").length).toBeGreaterThan(1)
})

it("reports a row that makes no sense once, and runs the others", async () => {
  const queue = await installQueue()
  const both = (pgq: PgQueuer, ran: () => void) => {
    pgq.schedule("good", "* * * * * *", ran)
    pgq.schedule("bad", "* * * * * *", () => {})
  }
  const { pgq, start, log } = queue.worker({ pollInterval: 300 })
  let ran = 0
  both(pgq, () => void ran++)
  start()
  await eventually(() => ran >= 1)
  await queue.sql("update pgqueuer.schedule set overlap = 'perhaps' where name = 'bad'")
  await eventually(() => reports().length > 0)
  const before = ran
  await eventually(() => ran >= before + 3)
  expect(reports()).toHaveLength(1)
  function reports() {
    return log.lines.filter((line) => line.message.includes("schedule bad"))
  }
})

it("leaves rows alone of which any column is nonsense, and runs the others", async () => {
  const queue = await installQueue()
  const edits = {
    "a missed": "missed = 'never'",
    "a time": "next_run = '-infinity'",
    "a time too far": "next_run = 'infinity'",
    "a zone": "timezone = 'Mars/Olympus'",
    "a jitter": "jitter_ms = 'NaN'",
    "an entrypoint": "entrypoint = ''",
    "a timeout": "timeout_ms = -1",
    "an expiry": "expire_ms = 1e300",
    "a number of attempts": "max_attempts = 0",
    "a date": "expression = '0 0 31 2 *'",
    "a counter": "starts = 9223372036854775807",
  }
  const { pgq, start, log } = queue.worker({ pollInterval: 200 })
  let ran = 0
  for (const name of Object.keys(edits)) pgq.schedule(name, "* * * * * *", { entrypoint: "fetch" })
  pgq.schedule("good", "* * * * * *", () => void ran++)
  start()
  await eventually(() => ran > 0)
  for (const [name, set] of Object.entries(edits)) {
    await queue.sql(`update pgqueuer.schedule set ${set} where name = $1`, [name])
  }
  const said = () => log.messages("error").filter((message) => message.startsWith("schedule "))
  await eventually(() => said().length >= Object.keys(edits).length)
  const before = ran
  const enqueued = await queue.queries.queueSize()
  await eventually(() => ran >= before + 3)
  expect(said().sort()).toEqual(
    Object.keys(edits)
      .sort()
      .map((name) => `schedule ${name} failed`),
  )
  expect(await queue.queries.queueSize()).toEqual(enqueued)
})

it("obeys the newest start: the other worker follows the stored expression", async () => {
  const queue = await installQueue()
  const old = queue.worker()
  let ranOld = 0
  old.pgq.schedule("job", "0 0 1 1 *", () => void ranOld++)
  old.start()
  await eventually(async () => (await queue.sql("select name from pgqueuer.schedule")).length === 1)
  const fresh = queue.worker()
  let ranFresh = 0
  fresh.pgq.schedule("job", "* * * * * *", () => void ranFresh++)
  const running = fresh.start()
  await eventually(() => ranFresh + ranOld >= 2)
  await running.stop()
  const before = ranOld
  await eventually(() => ranOld >= before + 2)
  expect(await queue.sql("select expression from pgqueuer.schedule")).toEqual([{ expression: "* * * * * *" }])
})

it("runs what was cut off by a stop again, and gives its handler a signal before", async () => {
  const queue = await installQueue()
  const first = queue.worker({ shutdownTimeout: 0 })
  const started = deferred()
  const reasons: unknown[] = []
  const handler = (isFirst: boolean) => async (_: unknown, context: { signal: AbortSignal }) => {
    if (!isFirst) return
    started.resolve()
    await new Promise((_, reject) => {
      context.signal.addEventListener("abort", () => {
        reasons.push(context.signal.reason.reason)
        reject(new Error("cut off"))
      })
    })
  }
  first.pgq.schedule("long", "* * * * * *", handler(true))
  const running = first.start()
  await started.promise
  await running.stop()
  expect(reasons).toEqual(["shutdown"])
  const [cut] = await runsOf(queue)
  expect(cut).toMatchObject({ status: "waiting" })
  // A pause in between changes nothing about it: it had begun.
  await queue.queries.pauseSchedules("long")
  await queue.queries.resumeSchedules("long")
  const second = queue.worker()
  second.pgq.schedule("long", "* * * * * *", handler(false))
  second.start()
  await eventually(async () => (await runsOf(queue))[0]!.status === "successful")
})

it("runs by hand what somebody asks for, also while the schedule is paused", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  let ran = 0
  pgq.schedule("yearly", "0 0 1 1 *", () => void ran++)
  start()
  await eventually(async () => (await queue.sql("select name from pgqueuer.schedule")).length === 1)
  await queue.sql(
    "update pgqueuer.schedule set paused = true, next_run = null, revision = nextval('pgqueuer.schedule_revision_seq')",
  )
  await queue.sql(
    "insert into pgqueuer.schedule_run (schedule, tick, status, by_hand) values ('yearly', now(), 'waiting', true)",
  )
  await queue.sql("select pg_notify($1, $2)", [`${queue.schema}.events`, '{"entrypoints":[],"schedules":true}'])
  await eventually(() => ran === 1)
  await queue.sql("update pgqueuer.schedule set paused = false, revision = nextval('pgqueuer.schedule_revision_seq')")
  await queue.sql("select pg_notify($1, $2)", [`${queue.schema}.events`, '{"entrypoints":[],"schedules":true}'])
  await eventually(
    async () => (await queue.sql("select name from pgqueuer.schedule where next_run is not null")).length === 1,
  )
})

it("refuses bad input at registration, naming the field", async () => {
  const queue = await installQueue()
  const { pgq } = queue.worker()
  const schedule =
    (...given: unknown[]) =>
    () =>
      (pgq.schedule as (...all: unknown[]) => void)(...given)
  expect(schedule("", "* * * * *", () => {})).toThrow(expect.objectContaining({ code: "PGQ_NAME_INVALID" }))
  expect(schedule("a", "61 * * * *", () => {})).toThrow(expect.objectContaining({ code: "PGQ_SCHEDULE_INVALID" }))
  expect(schedule("a", 7, () => {})).toThrow(/expression is 7/)
  expect(schedule("a", "* * * * *", () => {}, { timezone: "Mars/Olympus" })).toThrow(/Mars/)
  expect(schedule("a", "* * * * *", () => {}, { missed: "never" })).toThrow(/missed must be one of skip, once, all/)
  expect(schedule("a", "* * * * *", () => {}, { jiter: 1 })).toThrow(/did you mean jitter/)
  expect(schedule("a", "* * * * *", "b")).toThrow(/in the place of a handler/)
  expect(schedule("a", "* * * * *", { payload: 1 })).toThrow(expect.objectContaining({ code: "PGQ_NAME_INVALID" }))
  expect(schedule("a", "* * * * *", { entrypoint: "b", dedupeKey: "k" })).toThrow(/no option "dedupeKey"/)
  expect(schedule("a", "* * * * *", () => {}, { timeout: 0 })).toThrow(/timeout is 0 ms/)
  expect(schedule("a", "* * * * *", { entrypoint: "b" }, { timeout: "5s" })).toThrow(/timeout stands beside/)
  const job = (more: object) => schedule("a", "* * * * *", { entrypoint: "b", ...more })
  expect(job({ payload: "x".repeat(2 ** 20) })).toThrow(expect.objectContaining({ code: "PGQ_PAYLOAD_TOO_LARGE" }))
  expect(job({ payload: Number.NaN })).toThrow(/the schedule "a": the payload has NaN/)
  expect(job({ timeout: "1 year" })).toThrow(/the schedule "a": timeout is not a duration/)
  expect(job({ maxAttempts: 0 })).toThrow(/the schedule "a": maxAttempts must be a whole number/)
  expect(job({ entrypoint: 5 })).toThrow(/the schedule "a": 5 is not the name of an entrypoint/)
  expect(job({ retry: { maxAttempts: 3 } })).toThrow(/no option "retry"/)
  pgq.schedule("a", "* * * * *", () => {})
  expect(schedule("a", "* * * * *", () => {})).toThrow(/registered already/)
})
