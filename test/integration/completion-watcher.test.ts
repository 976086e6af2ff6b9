import { expect, it, onTestFinished } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { Statements } from "../../src/adapters/postgres/statement.js"
import { CompletionWatcher, type CompletionWatcherOptions } from "../../src/completion-watcher.js"
import type { Driver } from "../../src/ports/driver.js"
import { countingDriver } from "../support/counting-driver.js"
import { recordingLogger } from "../support/logger.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

it("resolves with how a job ends, within 300 ms of its end", async () => {
  const queue = await installQueue()
  const watcher = watch(queue)
  const { pgq, start } = queue.worker()
  const gates = { good: deferred(), bad: deferred(), held: deferred() }
  pgq.entrypoint("good", () => gates.good.promise)
  pgq.entrypoint("bad", () => gates.bad.promise)
  pgq.entrypoint("held", () => gates.held.promise, { onFailure: "hold" })
  pgq.entrypoint("stopped", (_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)))
  start()
  const names = ["good", "bad", "held", "stopped", "nobody", "nobody"]
  const [good, bad, held, stopped, canceled, deleted] = await queue.queries.enqueue(names)
  const steps = [
    [good!, "successful", () => gates.good.resolve()],
    [bad!, "exception", () => gates.bad.reject(new Error("no"))],
    [held!, "failed", () => gates.held.reject(new Error("no"))],
    [stopped!, "canceled", () => queue.queries.cancel(stopped!)],
    [canceled!, "canceled", () => queue.queries.cancel(canceled!)],
    [deleted!, "deleted", () => queue.queries.delete(deleted!)],
  ] as const
  for (const [id, status, end] of steps) {
    const wait = watcher.waitFor(id)
    await settled(queue)
    await end()
    const endedAt = performance.now()
    expect(await wait).toBe(status)
    expect(performance.now() - endedAt).toBeLessThan(300)
  }
})

it("resolves at once for jobs that ended before, held ones too", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("good", () => {})
  const [good, canceled, held] = await queue.queries.enqueue(["good", "nobody", "nobody"])
  await queue.queries.cancel(canceled!)
  await hold(queue, held!)
  await drain()
  const ends = await watch(queue).waitForAll([held!, good!, canceled!, good!], { timeout: "3s" })
  expect([...ends]).toEqual([
    [held, "failed"],
    [good, "successful"],
    [canceled, "canceled"],
  ])
})

it("hears of jobs that a rescue fails or cancels", async () => {
  const queue = await installQueue()
  const watcher = watch(queue)
  const ids = await queue.queries.enqueue(["a", "a"])
  await queue.sql(
    `with dead as (
       insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms, stopped_at, lost)
       values ('h', 1, '0', '{a}', 1000, now(), true) returning id
     ), taken as (delete from pgqueuer.ready as ready returning entrypoint, rank, seq, job_id, attempt)
     insert into pgqueuer.claim (worker_id, entrypoint, rescues, job_ids, seqs, ranks, attempts, stop_ids)
     select dead.id, 'a', 9, array_agg(job_id), array_agg(seq), array_agg(rank), array_agg(attempt), array[$1::bigint]
     from dead cross join taken group by dead.id`,
    [ids[0]],
  )
  const wait = watcher.waitForAll(ids, { timeout: "4s" })
  await settled(queue)
  const { pgq, start } = queue.worker()
  pgq.entrypoint("nothing", () => {})
  start()
  expect([...(await wait).values()]).toEqual(["canceled", "failed"])
})

it("gives what the handler returned, and says why there is nothing", async () => {
  const queue = await installQueue()
  const watcher = watch(queue)
  const ids = await queue.queries.enqueue(["a", "a", "a"])
  await endByHand(queue, ids[0]!, "successful", JSON.stringify({ text: "a\u0000b", list: [1, null] }))
  await endByHand(queue, ids[1]!, "successful", null)
  await endByHand(queue, ids[2]!, "exception", null, "mailbox full")
  expect(await watcher.result(ids[0]!)).toEqual({ text: "a\u0000b", list: [1, null] })
  expect(await watcher.result(ids[1]!)).toBeUndefined()
  await expect(watcher.result(ids[2]!)).rejects.toMatchObject({
    code: "PGQ_JOB_NOT_SUCCESSFUL",
    message: expect.stringContaining("exception: mailbox full"),
  })
  const many = await Promise.all(Array.from({ length: 250 }, () => watcher.result(ids[0]!)))
  expect(many).toHaveLength(250)
})

it("rejects for an unknown id, a time that is up, a signal, and its own end; the jobs go on", async () => {
  const queue = await installQueue()
  const watcher = watch(queue)
  const [id] = await queue.queries.enqueue("nobody")
  await expect(watcher.waitFor("999999999")).rejects.toMatchObject({ code: "PGQ_JOB_UNKNOWN" })
  await expect(watcher.waitForAll([id!, "999999999"])).rejects.toMatchObject({ code: "PGQ_JOB_UNKNOWN" })
  await expect(watcher.waitFor(id!, { timeout: 50 })).rejects.toMatchObject({ code: "PGQ_TIMEOUT" })
  await expect(watcher.waitFor(id!, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    code: "PGQ_TIMEOUT",
  })
  const controller = new AbortController()
  const aborted = watcher.waitFor(id!, { signal: controller.signal })
  controller.abort(new Error("enough"))
  await expect(aborted).rejects.toMatchObject({ code: "PGQ_ABORTED", cause: new Error("enough") })
  await expect(watcher.waitFor(id!, { signal: controller.signal })).rejects.toMatchObject({ code: "PGQ_ABORTED" })
  const closed = expect(watcher.waitFor(id!)).rejects.toMatchObject({ code: "PGQ_WATCHER_CLOSED" })
  await watcher.close()
  await closed
  await expect(watcher.waitFor(id!)).rejects.toMatchObject({ code: "PGQ_WATCHER_CLOSED" })
  expect((await queue.queries.job(id!))!.status).toBe("queued")
})

it("refuses ids and options of the wrong form, and a database without tables", async () => {
  const queue = await installQueue()
  const watcher = watch(queue)
  const invalid = { code: "PGQ_OPTION_INVALID" }
  await expect(watcher.waitFor("x")).rejects.toMatchObject(invalid)
  await expect(watcher.waitFor("1", { timeout: 0 })).rejects.toMatchObject(invalid)
  await expect(watcher.waitFor("1", { until: 1 } as never)).rejects.toMatchObject(invalid)
  expect(() => new CompletionWatcher(queue.driver, { scheme: "a" } as never)).toThrow("did you mean schema")
  const elsewhere = watch(queue, queue.driver, { schema: "not_there" })
  await expect(elsewhere.waitFor("1")).rejects.toMatchObject({ code: "PGQ_SCHEMA_MISSING" })
  const closedPool = queue.database.pool({ connectionString: "postgres://nobody@127.0.0.1:1/nothing" })
  await expect(watch(queue, new PgPoolDriver(closedPool)).waitFor("1")).rejects.toMatchObject({
    code: "PGQ_CONNECTION_FAILED",
  })
})

it("waits for 10,000 jobs at once with one LISTEN and one statement a poll", async () => {
  const queue = await installQueue()
  const pool = queue.database.pool({ max: 10 })
  const driver = countingDriver(new PgPoolDriver(pool))
  const watcher = watch(queue, driver)
  const ids = await queue.queries.enqueueMany(Array.from({ length: 10_000 }, () => ({ entrypoint: "a" })))
  const waits = Promise.all(ids.map((id) => watcher.waitFor(id)))
  await settled(queue)
  await eventually(() => driver.statements.filter((name) => name === "find_ends").length >= 3)
  const before = driver.statements.length
  await eventually(() => driver.statements.length > before)
  expect(driver.statements.slice(before)).toEqual(["find_ends"])
  expect(driver.listening).toBe(1)
  await eventually(() => pool.totalCount - pool.idleCount === 1)
  const { pgq, start } = queue.worker()
  pgq.entrypoint("a", () => {})
  start()
  await queue.ended(10_000)
  const endedAt = performance.now()
  expect(new Set(await waits)).toEqual(new Set(["successful"]))
  expect(performance.now() - endedAt).toBeLessThan(1_000)
})

it("lets workers tell of ends only while somebody waits", async () => {
  const queue = await installQueue()
  const heard: string[] = []
  const { endChannel } = new Statements(queue)
  const subscription = await queue.driver.listen(endChannel, { onNotification: (p) => heard.push(p), onLost() {} })
  onTestFinished(() => subscription.close())
  const gates = [deferred(), deferred(), deferred()]
  const { pgq, start } = queue.worker()
  pgq.entrypoint("a", (job) => gates[job.payload as number]!.promise)
  start()
  const ids = await queue.queries.enqueue(["a", "a", "a"], [0, 1, 2])
  gates[0]!.resolve()
  await queue.ended(1)
  await queue.queries.cancel((await queue.queries.enqueue("nobody"))[0]!)
  const watcher = watch(queue)
  const wait = watcher.waitFor(ids[1]!)
  await settled(queue)
  gates[1]!.resolve()
  await wait
  await eventually(() => heard.some((payload) => payload.includes("ended")))
  await eventually(async () => (await watchers(queue)) === 0)
  gates[2]!.resolve()
  await queue.ended(4)
  await queue.sql("select pg_notify($1, 'last')", [endChannel])
  await eventually(() => heard.includes("last"))
  const told = heard.filter((payload) => payload.includes("ended")).map((payload) => JSON.parse(payload))
  expect(told).toEqual([{ ended: [ids[1]] }])
})

it("holds no connection, no row and no timer while nobody waits, and waits again", async () => {
  const queue = await installQueue()
  const driver = countingDriver(new PgPoolDriver(queue.database.pool({ max: 2 })))
  const watcher = watch(queue, driver)
  for (let round = 0; round < 2; round++) {
    const [id] = await queue.queries.enqueue("nobody")
    const wait = watcher.waitFor(id!)
    await settled(queue)
    await queue.queries.cancel(id!)
    expect(await wait).toBe("canceled")
    await eventually(async () => driver.listening === 0 && (await watchers(queue)) === 0)
  }
})

it("polls every second, and says so, when no notification ever arrives", async () => {
  const queue = await installQueue()
  const log = recordingLogger()
  const driver = new PgPoolDriver(queue.database.pool({ max: 3 }))
  const watcher = watch(queue, bound(driver, { listen: async () => ({ close: async () => {} }) }), { logger: log })
  const [id] = await queue.queries.enqueue("nobody")
  const wait = watcher.waitFor(id!)
  await eventually(() => log.messages("warn").some((message) => message.startsWith("notifications don't arrive")))
  await queue.queries.cancel(id!)
  const endedAt = performance.now()
  expect(await wait).toBe("canceled")
  expect(performance.now() - endedAt).toBeLessThan(2_000)
})

it("resolves within 6 seconds when notifications stop arriving, unnoticed", async () => {
  const queue = await installQueue()
  const driver = new PgPoolDriver(queue.database.pool({ max: 3 }))
  let cut = false
  const listen: Driver["listen"] = (channel, listener) =>
    driver.listen(channel, {
      onNotification: (payload) => cut || listener.onNotification(payload),
      onLost: (error) => listener.onLost(error),
    })
  const watcher = watch(queue, bound(driver, { listen }))
  const [id] = await queue.queries.enqueue("nobody")
  const wait = watcher.waitFor(id!)
  await settled(queue)
  cut = true
  await queue.queries.cancel(id!)
  const endedAt = performance.now()
  expect(await wait).toBe("canceled")
  expect(performance.now() - endedAt).toBeLessThan(6_000)
})

it("finds ends by polling where the driver has no LISTEN, and makes nobody tell of them", async () => {
  const queue = await installQueue()
  const driver = new PgPoolDriver(queue.database.pool({ max: 1 }))
  expect(driver.features.listen).toBe(false)
  const watcher = watch(queue, driver)
  const [id] = await queue.queries.enqueue("nobody")
  const wait = watcher.waitFor(id!)
  await queue.queries.cancel(id!)
  expect(await wait).toBe("canceled")
  expect(await watchers(queue)).toBe(0)
})

it("goes on when its connections are cut", async () => {
  const queue = await installQueue()
  const log = recordingLogger()
  const watcher = watch(queue, undefined, { logger: log })
  const [id] = await queue.queries.enqueue("nobody")
  const wait = watcher.waitFor(id!)
  await settled(queue)
  await queue.sql(
    "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen %' and query like '%' || $1 || '%'",
    [queue.schema],
  )
  await eventually(() => log.messages("warn").some((message) => message.includes("LISTEN connection was lost")))
  await queue.queries.cancel(id!)
  expect(await wait).toBe("canceled")
})

it("removes the traces of watchers that died, when a watcher or a worker starts", async () => {
  const queue = await installQueue()
  const leave = () =>
    queue.sql("insert into pgqueuer.watcher (seen_at) select now() - interval '2 minutes' from generate_series(1, 3)")
  await leave()
  const [id] = await queue.queries.enqueue("nobody")
  const wait = watch(queue).waitFor(id!)
  await eventually(async () => (await watchers(queue)) === 1)
  await queue.queries.cancel(id!)
  await wait
  await leave()
  const { pgq, start } = queue.worker()
  pgq.entrypoint("a", () => {})
  start()
  await eventually(async () => (await watchers(queue)) === 0)
})

it("misses no end in 100 races between a wait and an end", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker()
  pgq.entrypoint("a", () => {})
  start()
  for (let round = 0; round < 100; round++) {
    const watcher = watch(queue, queue.driver)
    const ids = await queue.queries.enqueue(["a", "a", "a"])
    if (round % 3 === 1) await new Promise((resolve) => setTimeout(resolve, round % 7))
    const startedAt = performance.now()
    const ends = await watcher.waitForAll(ids, { timeout: "5s" })
    expect([...ends.values()]).toEqual(["successful", "successful", "successful"])
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    await watcher.close()
  }
})

function watch(queue: TestQueue, driver?: Driver, options: CompletionWatcherOptions = {}): CompletionWatcher {
  const { schema, prefix } = queue
  const watcher = new CompletionWatcher(driver ?? new PgPoolDriver(queue.database.pool({ max: 3 })), {
    schema,
    prefix,
    ...options,
  })
  onTestFinished(() => watcher.close())
  return watcher
}

/** Resolves when a watcher is known to the workers and listens, or would if it could. */
async function settled(queue: TestQueue): Promise<void> {
  await eventually(async () => (await watchers(queue)) > 0)
  await new Promise((resolve) => setTimeout(resolve, 300))
}

async function watchers({ sql }: TestQueue): Promise<number> {
  const [row] = await sql<{ count: number }>("select count(*)::int as count from pgqueuer.watcher")
  return row!.count
}

async function hold({ sql }: TestQueue, id: string): Promise<void> {
  await sql(
    `with taken as (delete from pgqueuer.ready as ready where job_id = $1 returning job_id, entrypoint, rank, attempt, rescues)
     insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues, error)
     select job_id, entrypoint, rank, attempt, rescues, 'by hand' from taken`,
    [id],
  )
}

async function endByHand({ sql }: TestQueue, id: string, status: string, result: string | null, error?: string) {
  await sql(
    `with taken as (delete from pgqueuer.ready as ready where job_id = $1 returning job_id, entrypoint, attempt)
     insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, result, error)
     select job_id, entrypoint, $2, attempt, $3, $4 from taken`,
    [id, status, result, error ?? null],
  )
}

/** A driver of which some parts are others. */
function bound(driver: Driver, parts: Partial<Driver>): Driver {
  return {
    label: driver.label,
    features: driver.features,
    query: (...args) => driver.query(...args),
    transaction: (work) => driver.transaction(work),
    session: () => driver.session(),
    listen: (channel, listener) => driver.listen(channel, listener),
    ...parts,
  }
}
