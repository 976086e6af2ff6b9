import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import postgres from "postgres"
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { PostgresJsDriver } from "../../src/adapters/drivers/postgres-js.js"
import type { Driver } from "../../src/ports/driver.js"
import { Queries } from "../../src/queries.js"
import { installQueue } from "../support/queue.js"

const isInstalled = spawnSync("pgbouncer", ["--version"]).status === 0

describe.runIf(isInstalled)("behind PgBouncer in transaction mode, not preparing and with a direct listenUrl", () => {
  let bouncer: { url: string; stop(): Promise<void> }
  beforeAll(async () => {
    bouncer = await startBouncer(new URL(inject("databaseUrl")))
  })
  afterAll(() => bouncer.stop())

  const options = () => ({ prepare: false, listenUrl: inject("databaseUrl") })
  const drivers: [string, () => Driver][] = [
    [
      "PgPoolDriver",
      () => {
        const pool = new pg.Pool({ connectionString: bouncer.url, max: 8 })
        onTestFinished(() => pool.end())
        return new PgPoolDriver(pool, options())
      },
    ],
    [
      "PostgresJsDriver",
      () => {
        const sql = postgres(bouncer.url, { max: 8, prepare: false, onnotice() {} })
        onTestFinished(() => sql.end({ timeout: 1 }))
        return new PostgresJsDriver(sql, options())
      },
    ],
  ]

  test.each(drivers)("%s runs named statements on changing connections", async (_, make) => {
    const driver = make()
    const session = await driver.session()
    const numbers = Array.from({ length: 50 }, (_unused, n) => n)
    const ask = (n: number) => (n % 2 === 0 ? driver : session).query("select $1::int as n", [n], { name: "numbered" })
    expect((await Promise.all(numbers.map(ask))).flat()).toEqual(numbers.map((n) => ({ n })))
    await session.release()
  })

  test.each(drivers)("%s lets doctor see the pooler, and that notifications come past it", async (_, make) => {
    const { schema } = await installQueue()
    const { findings, facts } = await new Queries(make(), { schema }).doctor()
    // The tests' server is quick, not safe.
    const others = findings.filter(({ code }) => code !== "unsafe-setting")
    expect(others).toMatchObject([{ severity: "note", code: "pooled" }])
    expect(facts.notifyMs).toBeGreaterThan(0)
  })

  test("doctor says that notifications are lost without a direct connection", async () => {
    const { schema } = await installQueue()
    const pool = new pg.Pool({ connectionString: bouncer.url, max: 8 })
    onTestFinished(() => pool.end())
    const { healthy, findings } = await new Queries(new PgPoolDriver(pool, { prepare: false }), { schema }).doctor()
    expect(healthy).toBe(false)
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(["pooled", "notify-lost"]))
  })

  test.each(drivers)("%s keeps a transaction together", async (_, make) => {
    const driver = make()
    const ids = await Promise.all(
      Array.from({ length: 10 }, () =>
        driver.transaction(async (transaction) => {
          const [first] = await transaction.query<{ id: string }>("select txid_current() as id")
          const [second] = await transaction.query<{ id: string }>("select txid_current() as id")
          return first?.id === second?.id
        }),
      ),
    )
    expect(ids).toEqual(ids.map(() => true))
  })

  test.each(drivers)("%s hears notifications past it", async (_, make) => {
    const driver = make()
    const heard = vi.fn()
    const subscription = await driver.listen("past_the_bouncer", { onNotification: heard, onLost() {} })
    await driver.query("select pg_notify('past_the_bouncer', 'x')")
    await vi.waitFor(() => expect(heard).toHaveBeenCalledExactlyOnceWith("x"))
    await subscription.close()
  })

  test("doctor notices it, and that notifications get lost, unless they have a way past it", async () => {
    const { schema } = await installQueue()
    const pool = new pg.Pool({ connectionString: bouncer.url, max: 4 })
    onTestFinished(() => pool.end())
    const codes = async (driver: Driver) => {
      const { findings } = await new Queries(driver, { schema }).doctor()
      return findings.map(({ code }) => code).filter((code) => code === "pooled" || code === "notify-lost")
    }
    expect(await codes(new PgPoolDriver(pool, { prepare: false }))).toEqual(["notify-lost", "pooled"])
    expect(await codes(new PgPoolDriver(pool, options()))).toEqual(["pooled"])
  })

  test("PgPoolDriver says what to do when it prepares nevertheless", async () => {
    const pool = new pg.Pool({ connectionString: bouncer.url, max: 8 })
    onTestFinished(() => pool.end())
    const driver = new PgPoolDriver(pool)
    const ask = (n: number) => driver.query("select $1::int as n", [n], { name: "prepared_by_mistake" })
    const settled = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => ask(n)))
    const refused = settled.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason)
    // PgBouncer from 1.21 on follows prepared statements.
    for (const error of refused) expect(error).toMatchObject({ remedy: expect.stringContaining("prepare: false") })
  })
})

async function startBouncer(server: URL): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "pgqueuer-bouncer-"))
  const port = await freePort()
  const database = server.pathname.slice(1) || "postgres"
  const password = server.password === "" ? "" : ` password=${decodeURIComponent(server.password)}`
  const config = `[databases]
${database} = host=${server.hostname} port=${server.port} user=${decodeURIComponent(server.username)}${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
`
  await writeFile(join(folder, "pgbouncer.ini"), config)
  await chmod(folder, 0o755)
  // It refuses to run as root.
  const asRoot = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child = spawn("pgbouncer", ["--quiet", join(folder, "pgbouncer.ini")], { stdio: "ignore", ...asRoot })
  const url = `postgres://anyone@127.0.0.1:${port}/${database}`
  await vi.waitFor(() => canConnect(url), { timeout: 10_000, interval: 100 })
  return { url, stop: () => stop(child, folder) }
}

async function canConnect(url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.end()
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null) {
    child.kill("SIGTERM")
    await once(child, "exit")
  }
  await rm(folder, { recursive: true })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}
