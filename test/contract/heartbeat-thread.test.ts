import pg from "pg"
import postgres from "postgres"
import { expect, it, onTestFinished } from "vitest"
import type { Driver } from "../../src/ports/driver.js"
import { recordingLogger } from "../support/logger.js"
import { eventually, installQueue } from "../support/queue.js"

// Threads run what was built: so the worker is the built one, too.
const { PgDriver, PgPoolDriver } =
  await built<typeof import("../../src/adapters/drivers/pg.js")>("adapters/drivers/pg.js")
const { PostgresJsDriver } = await built<typeof import("../../src/adapters/drivers/postgres-js.js")>(
  "adapters/drivers/postgres-js.js",
)
const { PgQueuer } = await built<typeof import("../../src/index.js")>("index.js")

const drivers: Readonly<Record<string, (url: string) => Driver>> = {
  PgPoolDriver: (url) => new PgPoolDriver(ended(new pg.Pool({ connectionString: url, max: 6 }))),
  PgDriver: (url) => new PgDriver(ended(new pg.Client({ connectionString: url }))),
  PostgresJsDriver: (url) => new PostgresJsDriver(ended(postgres(url, { max: 6, onnotice: () => {} }))),
}

it.each(Object.keys(drivers))(
  "beats from a thread with the settings of a %s, and gives its connection back",
  async (name) => {
    const queue = await installQueue()
    const log = recordingLogger()
    const pgq = new PgQueuer(drivers[name]!(queue.database.url), {
      schema: queue.schema,
      logger: log,
      heartbeatThread: true,
      heartbeatTimeout: "1h",
    })
    pgq.entrypoint("a", () => {})
    const before = await heartbeats()
    const running = pgq.run()
    running.catch(() => {})
    onTestFinished(() => pgq.stop({ now: true }))
    await eventually(async () => (await heartbeats()) > before)
    await queue.queries.enqueue("a")
    await queue.ended(1)
    await pgq.stop()
    await running
    await eventually(async () => (await heartbeats()) <= before)
    expect(log.messages("error")).toEqual([])

    async function heartbeats(): Promise<number> {
      const { rows } = await queue.pool.query(
        "select from pg_stat_activity where application_name = 'pgqueuer heartbeat' and query like $1",
        [`%${queue.schema}%`],
      )
      return rows.length
    }
  },
)

it("goes on beating when its connection was killed", async () => {
  const queue = await installQueue()
  const log = recordingLogger()
  const driver = drivers["PgPoolDriver"]!(queue.database.url)
  const options = { schema: queue.schema, logger: log, heartbeatThread: true, heartbeatTimeout: "1s" } as const
  const pgq = new PgQueuer(driver, options)
  pgq.entrypoint("a", () => {})
  const running = pgq.run()
  running.catch(() => {})
  onTestFinished(() => pgq.stop({ now: true }))
  const pids = new Set<number>()
  const look = async () => {
    const { rows } = await queue.pool.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = 'pgqueuer heartbeat' and query like $1",
      [`%${queue.schema}%`],
    )
    for (const { pid } of rows) pids.add(pid)
    return pids.size
  }
  await eventually(async () => (await look()) === 1)
  await queue.pool.query("select pg_terminate_backend($1)", [[...pids][0]])
  await eventually(async () => (await look()) === 2)
  await pgq.stop()
  await running
})

it("refuses to start where the settings cannot go to a thread, or lead nowhere", async () => {
  const queue = await installQueue()
  const { user, password, database, host, port } = new pg.Client({ connectionString: queue.database.url })
  const secret = async () => String(password ?? "")
  const pool = ended(new pg.Pool({ user, password: secret, database, host, port, max: 6 } as pg.PoolConfig))
  await expect(run(new PgPoolDriver(pool))).rejects.toMatchObject({ code: "PGQ_UNSUPPORTED" })
  const good = drivers["PgPoolDriver"]!(queue.database.url)
  const without = new Proxy(good, {
    get: (target, key) => {
      if (key === "connectionSettings") return undefined
      const value = Reflect.get(target, key)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
  await expect(run(without)).rejects.toMatchObject({ code: "PGQ_UNSUPPORTED" })
  const astray = new Proxy(good, {
    get: (target, key) => {
      if (key === "connectionSettings") return () => ({ host: "127.0.0.1", port: 1 })
      const value = Reflect.get(target, key)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
  await expect(run(astray)).rejects.toMatchObject({ code: "PGQ_CONNECTION_FAILED" })

  async function run(driver: Driver): Promise<void> {
    const options = { schema: queue.schema, logger: recordingLogger(), heartbeatThread: true }
    const pgq = new PgQueuer(driver, options)
    pgq.entrypoint("a", () => {})
    await pgq.run()
  }
})

function ended<T extends { end(): Promise<unknown> }>(client: T): T {
  onTestFinished(async () => void (await client.end()))
  return client
}

function built<M>(path: string): Promise<M> {
  return import(new URL(`../../dist/${path}`, import.meta.url).href)
}
