import pg from "pg"
import { describe, expect, inject, onTestFinished, test, vi } from "vitest"
import { type PgClient, PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { hasCode } from "../../src/domain/errors.js"

async function connected(): Promise<pg.Client> {
  const client = new pg.Client(inject("databaseUrl"))
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

function newPool(config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: inject("databaseUrl"), ...config })
  onTestFinished(() => pool.end())
  return pool
}

/** The client as it was before pg kept the status of its transaction. */
function withoutStatus(client: pg.Client): PgClient {
  Object.defineProperty(client, "getTransactionStatus", { value: undefined })
  return client
}

describe("PgDriver", () => {
  test("connects a client that is not connected yet", async () => {
    const client = new pg.Client(inject("databaseUrl"))
    onTestFinished(() => client.end())
    const driver = new PgDriver(client)
    expect(await Promise.all([driver.query("select 1 as n"), driver.query("select 2 as n")])).toEqual([
      [{ n: 1 }],
      [{ n: 2 }],
    ])
  })

  test("waits for a client that is being connected", async () => {
    const client = new pg.Client(inject("databaseUrl"))
    onTestFinished(() => client.end())
    const connecting = client.connect()
    expect(await new PgDriver(client).query("select 1 as n")).toEqual([{ n: 1 }])
    await connecting
  })

  test.each([
    ["a status", (client: pg.Client) => client],
    ["no status", withoutStatus],
  ])("refuses a client with %s inside the caller's transaction, and takes it again after", async (_, prepared) => {
    const client = await connected()
    await client.query("begin")
    const driver = new PgDriver(prepared(client))
    await expect(driver.query("select 1")).rejects.toMatchObject({ code: "PGQ_DRIVER_BUSY" })
    await client.query("select 1 / 0").catch(() => {})
    await expect(driver.transaction(async () => {})).rejects.toMatchObject({ code: "PGQ_DRIVER_BUSY" })
    await client.query("rollback")
    expect(await driver.query("select 1 as n")).toEqual([{ n: 1 }])
  })

  test("refuses the caller's transaction once it has ended", async () => {
    const client = await connected()
    await client.query("begin")
    const joined = PgDriver.inTransaction(client)
    await joined.query("select 1")
    await client.query("commit")
    await expect(joined.query("select 1")).rejects.toMatchObject({ code: "PGQ_DRIVER_CLOSED" })
  })

  test("shares its turns with every other driver on the same client", async () => {
    const client = await connected()
    const [first, second] = [new PgDriver(client), new PgDriver(client)]
    const order: string[] = []
    const transaction = first.transaction(async (open) => {
      await open.query("select pg_sleep(0.05)")
      order.push("transaction")
    })
    await Promise.all([transaction, second.query("select 1").then(() => order.push("query"))])
    expect(order).toEqual(["transaction", "query"])
  })

  test("keeps listening on a channel while a second subscription is open", async () => {
    const driver = new PgDriver(await connected())
    const first = await driver.listen("shared", { onNotification() {}, onLost() {} })
    const heard = vi.fn()
    const second = await driver.listen("shared", { onNotification: heard, onLost() {} })
    await first.close()
    await driver.query("select pg_notify('shared', 'x')")
    await vi.waitFor(() => expect(heard).toHaveBeenCalledExactlyOnceWith("x"))
    await second.close()
  })

  test("names the unknown option, and a pool where a client belongs", () => {
    const pool = newPool()
    expect(() => new PgDriver(new pg.Client(), { prepared: false } as object)).toThrow(/prepared.*did you mean prepare/)
    expect(() => PgDriver.inTransaction(pool as unknown as PgClient)).toThrow(/no client/)
    expect(() => new PgDriver(pool as unknown as PgClient)).toThrow(/no client/)
    expect(() => new PgPoolDriver(new pg.Client() as unknown as pg.Pool)).toThrow(/no pool/)
  })
})

describe("PgPoolDriver", () => {
  test("outlives the death of an idle connection with one listener for all drivers", async () => {
    const pool = newPool()
    const driver = new PgPoolDriver(pool)
    new PgPoolDriver(pool)
    expect(pool.listenerCount("error")).toBe(1)
    const [row] = await driver.query<{ pid: number }>("select pg_backend_pid() as pid")
    const other = new PgDriver(await connected())
    await other.query("select pg_terminate_backend($1)", [row?.pid ?? 0])
    await vi.waitFor(() => expect(pool.totalCount).toBe(0))
    expect(await driver.query("select 1 as n")).toEqual([{ n: 1 }])
  })

  test("gives connections back to the pool", async () => {
    const pool = newPool({ max: 2 })
    const driver = new PgPoolDriver(pool)
    const session = await driver.session()
    await driver.query("select 1")
    await driver.query("select 1 / 0").catch(() => {})
    await driver.transaction(() => Promise.reject(new Error("mine"))).catch(() => {})
    await session.release()
    expect(pool).toMatchObject({ totalCount: 2, idleCount: 2 })
  })

  test("takes a connection out of the pool when its statement was given up", async () => {
    const pool = newPool({ max: 1 })
    const driver = new PgPoolDriver(pool)
    await driver.query("select 1")
    await driver.query("select pg_sleep(2)", [], { signal: AbortSignal.timeout(20) }).catch(() => {})
    expect(pool.totalCount).toBe(0)
  })

  test("gives a connection back that comes after its caller has left", async () => {
    const pool = newPool({ max: 1 })
    const driver = new PgPoolDriver(pool)
    const held = await pool.connect()
    const left = driver.query("select 1", [], { signal: AbortSignal.timeout(20) })
    await expect(left).rejects.toMatchObject({ code: "PGQ_TIMEOUT" })
    held.release()
    expect(await driver.query("select 1 as n")).toEqual([{ n: 1 }])
  })

  test("says so when no connection comes free for a session", async () => {
    const pool = newPool({ max: 2 })
    const driver = new PgPoolDriver(pool)
    const held = await Promise.all([pool.connect(), pool.connect()])
    await expect(driver.session()).rejects.toMatchObject({
      code: "PGQ_CONNECTION_FAILED",
      message: "No connection came free within 10 s in the pool of at most 2",
    })
    for (const client of held) client.release()
  })

  test("has no LISTEN on a pool of one without listenUrl", async () => {
    const driver = new PgPoolDriver(newPool({ max: 1 }))
    expect(driver.features).toEqual({ listen: false, sessions: 1, inTransaction: false })
    const listening = driver.listen("channel", { onNotification() {}, onLost() {} })
    await expect(listening).rejects.toMatchObject({ code: "PGQ_UNSUPPORTED" })
  })
})

describe("failures to connect", () => {
  const to = (change: (url: URL) => void) => {
    const url = new URL(inject("databaseUrl"))
    url.password ||= "very-secret"
    change(url)
    return url.href
  }
  const refused = () => to((url) => Object.assign(url, { port: "1" }))
  const noDatabase = () => to((url) => Object.assign(url, { pathname: "/no_such_database" }))
  const noRole = () => to((url) => Object.assign(url, { username: "no_such_role" }))
  const noHost = () => to((url) => Object.assign(url, { hostname: "no-such-host.invalid" }))

  test.each([
    ["nobody listens", refused, /Start PostgreSQL/],
    ["the database is missing", noDatabase, /Create the database/],
    ["the role is missing", noRole, /user/],
    ["the host is unknown", noHost, /host name/],
  ])("are told with a remedy and without the password when %s", async (_, url, remedy) => {
    const pool = newPool({ connectionString: url() })
    const driver = new PgPoolDriver(pool, { listenUrl: url() })
    const attempts = [
      () => driver.query("select 1"),
      () => driver.transaction(async () => {}),
      () => driver.session(),
      () => driver.listen("channel", { onNotification() {}, onLost() {} }),
    ]
    for (const attempt of attempts) {
      const error = await attempt().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(hasCode(error, "PGQ_CONNECTION_FAILED")).toBe(true)
      expect(error).toMatchObject({ remedy: expect.stringMatching(remedy) })
      expect(String(error)).not.toContain(new URL(url()).password)
    }
  })

  test("include a pool that has no time to connect", async () => {
    const pool = newPool({ max: 1 })
    const held = await pool.connect()
    pool.options.connectionTimeoutMillis = 50
    await expect(new PgPoolDriver(pool).query("select 1")).rejects.toMatchObject({ code: "PGQ_CONNECTION_FAILED" })
    held.release()
  })

  test("refuse a listenUrl that is none, without showing it", async () => {
    expect(() => new PgPoolDriver(newPool(), { listenUrl: "host=x password=very-secret" })).toThrow(
      expect.objectContaining({ code: "PGQ_OPTION_INVALID", message: expect.not.stringContaining("secret") }),
    )
    const driver = new PgPoolDriver(newPool(), { listenUrl: "postgres://u:very-secret@[oops/db" })
    const error = await driver.listen("c", { onNotification() {}, onLost() {} }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: "PGQ_CONNECTION_INVALID" })
    expect(error).not.toHaveProperty("cause")
  })
})
