import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import pg from "pg"
import { describe, expect, inject, onTestFinished, test, vi } from "vitest"
import type * as Source from "../../src/sync.js"
import { describeValues } from "./driver-contract.js"

// Its thread is a file of its own, which Node can load only when it is built.
const built = new URL("../../dist/sync.js", import.meta.url)
const { SyncPgDriver } = (await import(built.href)) as typeof Source

function newDriver(options: Source.SyncPgDriverOptions = {}, url = inject("databaseUrl")): Source.SyncPgDriver {
  const driver = new SyncPgDriver(url, options)
  onTestFinished(() => driver.close())
  return driver
}

async function connected(): Promise<pg.Client> {
  const client = new pg.Client(inject("databaseUrl"))
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

let shared: Source.SyncPgDriver | undefined
describeValues("values", async () => {
  shared ??= new SyncPgDriver(inject("databaseUrl"))
  const driver = shared
  return { query: async (sql, parameters) => driver.query(sql, parameters) }
})

describe("SyncPgDriver", () => {
  test("gives codes, SQLSTATEs and causes of errors over the border of threads, and works on", () => {
    const driver = newDriver()
    expect(() => driver.query("select * from no_such_table")).toThrow(
      expect.objectContaining({
        name: "PgQueuerError",
        code: "PGQ_QUERY_FAILED",
        sqlState: "42P01",
        remedy: expect.any(String),
        cause: expect.objectContaining({ message: 'relation "no_such_table" does not exist', code: "42P01" }),
      }),
    )
    expect(driver.query("select 1 as n")).toEqual([{ n: 1 }])
  })

  test("commits a transaction, and rolls back when the work throws", () => {
    const driver = newDriver()
    const table = `public.t_${Math.random().toString(36).slice(2)}`
    driver.query(`create table ${table} (n int)`)
    expect(driver.transaction((open) => open.query(`insert into ${table} values ($1) returning n`, [1]))).toEqual([
      { n: 1 },
    ])
    const mine = new Error("mine")
    const failing = () =>
      driver.transaction((open) => {
        open.query(`insert into ${table} values (2)`)
        throw mine
      })
    expect(failing).toThrow(mine)
    const swallowing = () =>
      driver.transaction((open) => {
        expect(() => open.query("select 1 / 0")).toThrow()
      })
    expect(swallowing).toThrow(expect.objectContaining({ sqlState: "25P02" }))
    expect(driver.query(`select n from ${table}`)).toEqual([{ n: 1 }])
    driver.query(`drop table ${table}`)
  })

  test("refuses its own use inside a transaction, and asynchronous work", () => {
    const driver = newDriver()
    expect(() => driver.transaction(() => driver.query("select 1"))).toThrow(
      expect.objectContaining({ code: "PGQ_DRIVER_BUSY" }),
    )
    expect(() => driver.transaction(async () => {})).toThrow(expect.objectContaining({ code: "PGQ_UNSUPPORTED" }))
    const open = driver.transaction((transaction) => transaction)
    expect(() => open.query("select 1")).toThrow(expect.objectContaining({ code: "PGQ_DRIVER_CLOSED" }))
  })

  test("has neither sessions nor LISTEN", async () => {
    const driver = newDriver()
    expect(driver.features).toEqual({ listen: false, sessions: 1, inTransaction: false })
    await expect(driver.session()).rejects.toMatchObject({ code: "PGQ_UNSUPPORTED" })
    await expect(driver.listen()).rejects.toMatchObject({ code: "PGQ_UNSUPPORTED" })
  })

  test("lets the server end a statement in time, and works on", () => {
    const driver = newDriver({ timeout: "1s" })
    driver.query("select 1")
    expect(() => driver.query("select pg_sleep(5)")).toThrow(
      expect.objectContaining({ code: "PGQ_TIMEOUT", sqlState: "57014" }),
    )
    expect(driver.query("select 1 as n")).toEqual([{ n: 1 }])
  })

  test("says that nothing was written when the server does not answer, and works on", async () => {
    const client = await connected()
    const table = `public.t_${Math.random().toString(36).slice(2)}`
    await client.query(`create table ${table} (n int)`)
    const driver = newDriver({ timeout: 1_500 })
    driver.query("select 1")
    const unheard = `insert into ${table} select 1 from (select set_config('statement_timeout', '0', true)) s, pg_sleep(6)`
    const stuck = () =>
      driver.transaction((open) => {
        open.query("set local statement_timeout = 0")
        open.query(unheard)
      })
    expect(stuck).toThrow(expect.objectContaining({ code: "PGQ_TIMEOUT" }))
    expect(driver.query("select 1 as n")).toEqual([{ n: 1 }])
    await client.query(`alter table ${table} add column done int`)
    expect((await client.query(`select * from ${table}`)).rows).toEqual([])
    await client.query(`drop table ${table}`)
  })

  test("does not know the outcome when COMMIT has no answer", async () => {
    const client = await connected()
    const table = `t_${Math.random().toString(36).slice(2)}`
    await client.query(`create table ${table} (n int)`)
    await client.query(`create function ${table}_wait() returns trigger language plpgsql as
      $$ begin perform set_config('statement_timeout', '0', true); perform pg_sleep(1); return null; end $$`)
    await client.query(`create constraint trigger wait after insert on ${table} deferrable initially deferred
      for each row execute function ${table}_wait()`)
    const driver = newDriver({ timeout: 600 })
    driver.query("select 1")
    const unanswered = () =>
      driver.transaction((open) => {
        open.query("set local statement_timeout = 0")
        open.query(`insert into ${table} values (1)`)
      })
    expect(unanswered).toThrow(expect.objectContaining({ code: "PGQ_OUTCOME_UNKNOWN" }))
    await vi.waitFor(async () => expect((await client.query(`select * from ${table}`)).rows).toHaveLength(1), 5_000)
    await client.query(`drop table ${table}; drop function ${table}_wait`)
  })

  test("connects anew after its connection was lost", async () => {
    const client = await connected()
    const driver = newDriver()
    const [row] = driver.query<{ pid: number }>("select pg_backend_pid() as pid")
    await client.query("select pg_terminate_backend($1)", [row?.pid])
    await vi.waitFor(() => expect(driver.query("select 1 as n")).toEqual([{ n: 1 }]))
  })

  test("tells the statement that waits when its connection is lost, and connects anew", () => {
    const driver = newDriver()
    expect(() => driver.query("select pg_terminate_backend(pg_backend_pid())")).toThrow(
      expect.objectContaining({ code: "PGQ_CONNECTION_LOST" }),
    )
    expect(driver.query("select 1 as n")).toEqual([{ n: 1 }])
  })

  test("tells why it cannot connect, without the password", () => {
    const url = new URL(inject("databaseUrl"))
    Object.assign(url, { port: "1", password: "very-secret" })
    const driver = newDriver({}, url.href)
    expect(() => driver.query("select 1")).toThrow(
      expect.objectContaining({ code: "PGQ_CONNECTION_FAILED", message: expect.not.stringContaining("very-secret") }),
    )
  })

  test("is closed after close, twice is once", () => {
    const driver = newDriver()
    driver.query("select 1")
    driver.close()
    driver.close()
    expect(() => driver.query("select 1")).toThrow(expect.objectContaining({ code: "PGQ_DRIVER_CLOSED" }))
  })

  test("refuses what cannot go to another thread, and a time-out that no call could keep", () => {
    const driver = new SyncPgDriver({ password: () => "secret" })
    expect(() => driver.query("select 1")).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
    expect(() => new SyncPgDriver("", { timeout: 50 })).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
    expect(() => new SyncPgDriver("", { timout: 50 } as object)).toThrow(/did you mean timeout/)
  })

  test("does not keep a process alive that forgot to close it", () => {
    const script = `const { SyncPgDriver } = await import(${JSON.stringify(built.href)})
      const driver = new SyncPgDriver(${JSON.stringify(inject("databaseUrl"))})
      console.log(JSON.stringify(driver.query("select 1 as n")))`
    const options = { encoding: "utf8", timeout: 20_000, cwd: fileURLToPath(new URL(".", import.meta.url)) } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], options)
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '[{"n":1}]\n', stderr: "" })
  })
})
