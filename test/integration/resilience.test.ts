import { expect, it } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import type { Driver } from "../../src/ports/driver.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

it("ends a job whose row somebody deleted as an exception, and goes on", async () => {
  const queue = await installQueue({ checked: false })
  const [gone, good] = await queue.queries.enqueue(["a", "a"])
  await queue.sql("delete from pgqueuer.job where id = $1", [gone])
  let runs = 0
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => void runs++)
  await drain()
  expect(runs).toBe(1)
  expect((await queue.queries.job(good!))!.status).toBe("successful")
  expect(await queue.sql("select status from pgqueuer.outcome where job_id = $1", [gone])).toEqual([
    { status: "exception" },
  ])
})

it("runs on when the row of a running job, or its claim, is deleted", async () => {
  const queue = await installQueue({ checked: false })
  const gate = deferred()
  const { pgq, start } = queue.worker()
  pgq.entrypoint("slow", () => gate.promise)
  pgq.entrypoint("quick", () => {})
  start()
  const ids = await queue.queries.enqueue(["slow", "slow"])
  await eventually(async () => (await queue.queries.jobs({ status: "picked" })).length === 2)
  await queue.sql("delete from pgqueuer.claim")
  await queue.sql("delete from pgqueuer.job where id = $1", [ids[0]])
  gate.resolve()
  const [quick] = await queue.queries.enqueue("quick")
  await eventually(async () => (await queue.queries.job(quick!))!.status === "successful")
  expect(await queue.sql("select from pgqueuer.outcome")).toHaveLength(1)
})

it("is not troubled by a worker row that somebody deletes: it starts again under another id", async () => {
  const queue = await installQueue()
  const { pgq, log, start } = queue.worker({ heartbeatTimeout: "1s" })
  pgq.entrypoint("a", () => {})
  start()
  await eventually(() => log.messages("info").includes("worker started"))
  await queue.sql("delete from pgqueuer.worker")
  await queue.queries.enqueue("a")
  await queue.ended(1)
  expect(log.messages("info")).toContain("worker started again")
})

it("looks for work, and does no more, when the channel carries what is not its own", async () => {
  const queue = await installQueue()
  const { pgq, log, start } = queue.worker()
  pgq.entrypoint("a", () => {})
  start()
  const garbage = [
    "",
    "x",
    "null",
    "[]",
    "5",
    '"text"',
    "{",
    '{"entrypoints": 5}',
    '{"entrypoints": ["a"], "seq": "-1; drop"}',
    '{"entrypoints": ["a"], "seq": 5, "due": "soon"}',
    '{"entrypoints": ["__proto__"], "seq": "1"}',
    '{"echo": 1}',
    '{"entrypoints": ["a"], "due": 1e308}',
    '{"entrypoints": ["a"], "due": -1}',
    "x".repeat(7_000),
  ]
  for (const payload of garbage) await queue.pool.query("select pg_notify($1, $2)", [`${queue.schema}.events`, payload])
  await queue.queries.enqueue("a")
  await queue.ended(1)
  expect(log.messages("error")).toEqual([])
})

it("finds jobs by polling, and says so, where notifications never arrive", async () => {
  const queue = await installQueue()
  const deaf = new Proxy(new PgPoolDriver(queue.database.pool({ max: 6 })), {
    get(driver, key) {
      if (key === "listen") return async () => ({ close: async () => {} })
      const value = Reflect.get(driver, key, driver)
      return typeof value === "function" ? value.bind(driver) : value
    },
  }) as Driver
  const { pgq, log, start } = queue.worker({ pollInterval: 200 }, deaf)
  pgq.entrypoint("a", () => {})
  start()
  await eventually(() => log.messages("warn").some((message) => message.includes("polling")))
  await queue.queries.enqueue("a")
  await queue.queries.enqueue("a", 1, { executeAfter: "300ms" })
  await queue.ended(2, 5_000)
})

it("finds jobs by polling with a driver that has no LISTEN", async () => {
  const queue = await installQueue()
  const { pgq, log, start } = queue.worker({ pollInterval: 200 }, without(queue, { listen: false }))
  pgq.entrypoint("a", () => {})
  start()
  await eventually(() => log.messages("info").some((message) => message.includes("polling")))
  for (let n = 0; n < 3; n++) {
    await queue.queries.enqueue("a")
    await queue.ended(n + 1, 5_000)
  }
})

it("finds a job that was written to the tables by hand, by its poll", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ pollInterval: 300 })
  pgq.entrypoint("a", () => {})
  start()
  await queue.queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "a" })))
  await queue.ended(50)
  await queue.sql(`
    with written as (insert into pgqueuer.job (id, entrypoint) values (0, 'a') returning id)
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id) select 'a', -1, id, id from written`)
  await queue.ended(51, 5_000)
})

it("hears of new jobs again after its LISTEN connection was killed", async () => {
  const queue = await installQueue()
  const { pgq, log, start } = queue.worker({ pollInterval: "60s" })
  pgq.entrypoint("a", () => {})
  start()
  await eventually(() => log.messages("info").includes("worker started"))
  for (let round = 1; round <= 3; round++) {
    await eventually(async () => (await killListeners(queue)) > 0)
    await queue.queries.enqueue("a")
    await queue.ended(round, 10_000)
  }
  // A connection that is killed while it is being opened is a failure of the duty, and not a loss.
  const ofListen = log.lines.flatMap(({ fields }) => {
    return fields["duty"] === "listen" && fields["event"] !== "duty.failed" ? [fields["event"]] : []
  })
  expect(ofListen.slice(0, 4)).toEqual(["listen.lost", "listen.restored", "listen.lost", "listen.restored"])
  await eventually(() => pgq.health().listen === "listening")
})

it("goes on after all its connections were killed, and ends every job once", async () => {
  const queue = await installQueue()
  const runs = new Map<string, number>()
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 10, heartbeatTimeout: "5s" })
  pgq.entrypoint("a", async (job) => {
    runs.set(job.id, (runs.get(job.id) ?? 0) + 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
  })
  start()
  await queue.queries.enqueueMany(Array.from({ length: 1_000 }, () => ({ entrypoint: "a" })))
  for (let round = 1; round <= 4; round++) {
    await queue.ended(round * 150)
    await queue.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query like '%' || $1 || '%'",
      [queue.schema],
    )
  }
  await queue.ended(1_000, 25_000)
  expect(runs.size).toBe(1_000)
})

it("lets handlers take all other connections of the pool, and still beats and reports", async () => {
  const queue = await installQueue()
  const pool = queue.database.pool({ max: 6 })
  const { pgq, drain } = queue.worker({ heartbeatTimeout: "2s" }, new PgPoolDriver(pool))
  pgq.entrypoint("greedy", async () => {
    await pool.query("select pg_sleep(0.05)")
  })
  await queue.queries.enqueueMany(Array.from({ length: 60 }, () => ({ entrypoint: "greedy" })))
  await drain()
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 60 }])
})

it.each([
  "-c default_transaction_isolation=serializable",
  "-c default_transaction_isolation=repeatable\\ read",
  "-c bytea_output=escape -c timezone=Asia/Kolkata -c intervalstyle=sql_standard -c search_path=pg_catalog",
  "-c enable_indexscan=off -c enable_bitmapscan=off -c plan_cache_mode=force_custom_plan",
  "-c synchronous_commit=off -c lock_timeout=5s -c statement_timeout=10s",
])("runs every job once where sessions begin with %s", async (options) => {
  const queue = await installQueue({ pool: { options } })
  const payloads = [new Uint8Array([0, 92, 255]), { at: "2030" }, null]
  const seen = new Map<string, unknown>()
  for (let n = 0; n < 2; n++) {
    const driver = new PgPoolDriver(queue.database.pool({ max: 6, options }))
    const { pgq, start } = queue.worker({ maxConcurrentTasks: 20 }, driver)
    pgq.entrypoint("a", async ({ id, payload, createdAt }) => {
      expect(seen.has(id)).toBe(false)
      expect(Math.abs(createdAt.getTime() - Date.now())).toBeLessThan(60_000)
      seen.set(id, payload instanceof Uint8Array ? new Uint8Array(payload) : payload)
    })
    start()
  }
  const at = new Date(Date.now() + 100)
  const requests = Array.from({ length: 300 }, (_, n) => ({
    entrypoint: "a",
    payload: payloads[n % 3],
    ...(n < 10 ? { executeAfter: at } : {}),
  }))
  const ids = await queue.queries.enqueueMany(requests)
  await queue.ended(300, 25_000)
  expect(ids.map((id) => seen.get(id))).toEqual(requests.map((request) => request.payload))
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 300 }])
})

it("waits for a table that somebody has locked for longer than the heartbeat's timeout, and ends every job", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ heartbeatTimeout: "1s", maxConcurrentTasks: 10 })
  pgq.entrypoint("a", () => new Promise((resolve) => setTimeout(resolve, 5)))
  start()
  await queue.queries.enqueueMany(Array.from({ length: 500 }, () => ({ entrypoint: "a" })))
  await queue.ended(50)
  const client = await queue.pool.connect()
  await client.query(
    `begin; lock table ${queue.schema}.ready, ${queue.schema}.claim in access exclusive mode; select pg_sleep(3); commit`,
  )
  client.release()
  await queue.ended(500, 25_000)
  // The waits above add up to more than a test has by default.
}, 60_000)

function without(queue: TestQueue, features: Partial<Driver["features"]>): Driver {
  const driver = new PgPoolDriver(queue.database.pool({ max: 6 }))
  return Object.defineProperty(driver, "features", { value: { ...driver.features, ...features } })
}

async function killListeners({ sql, schema }: TestQueue): Promise<number> {
  const killed = await sql(
    "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen %' and query like '%' || $1 || '%'",
    [schema],
  )
  return killed.length
}
