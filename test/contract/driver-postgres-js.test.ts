import postgres from "postgres"
import { describe, expect, inject, onTestFinished, test, vi } from "vitest"
import { PostgresJsDriver, type PostgresJsSql } from "../../src/adapters/drivers/postgres-js.js"

function instance(options: postgres.Options<Record<string, postgres.PostgresType>> = {}): postgres.Sql {
  const sql = postgres(inject("databaseUrl"), { max: 2, onnotice() {}, ...options })
  onTestFinished(() => sql.end({ timeout: 1 }))
  return sql as unknown as postgres.Sql
}

describe("PostgresJsDriver", () => {
  test("refuses an instance that transforms whole rows", () => {
    const sql = instance({ transform: { row: { from: () => "row" } } })
    expect(() => new PostgresJsDriver(sql)).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
  })

  test("refuses to read what a transaction transforms by whole rows", async () => {
    const sql = instance({ transform: { row: { from: () => "row" } } })
    await sql.begin(async (transaction) => {
      const reading = PostgresJsDriver.inTransaction(transaction).query("select 1")
      await expect(reading).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
    })
  })

  test("tells instance and transaction apart", async () => {
    const sql = instance()
    expect(() => PostgresJsDriver.inTransaction(sql as never)).toThrow(/no transaction/)
    await sql.begin(async (transaction) => {
      expect(() => new PostgresJsDriver(transaction as unknown as PostgresJsSql)).toThrow(/no instance/)
    })
    const reserved = await sql.reserve()
    expect(() => new PostgresJsDriver(reserved)).toThrow(/no instance/)
    reserved.release()
  })

  test.each([
    ["camel", postgres.camel],
    ["pascal", postgres.pascal],
    ["kebab", postgres.kebab],
    ["upper case", { column: (name: string) => name.toUpperCase() }],
  ])("gives columns their own names under %s", async (_, transform) => {
    const sql = instance({ transform })
    const text =
      "with picked as (select 1 as job_id, $1::int as run_at_ms) select job_id, run_at_ms, count(*) from picked group by 1, 2"
    const expected = [{ job_id: 1, run_at_ms: 5, count: "1" }]
    expect(await new PostgresJsDriver(sql).query(text, [5])).toEqual(expected)
    await sql.begin(async (transaction) => {
      expect(await PostgresJsDriver.inTransaction(transaction).query(text, [5])).toEqual(expected)
    })
  })

  test("makes a connection of its own for each session and ends it", async () => {
    const sql = instance({ max: 1, connection: { application_name: "own_connections" } })
    const driver = new PostgresJsDriver(sql)
    const sessions = await Promise.all([driver.session(), driver.session(), driver.session()])
    const count = "select count(*)::int as n from pg_stat_activity where application_name = 'own_connections'"
    expect(await driver.query(count)).toEqual([{ n: 4 }])
    await Promise.all(sessions.map((session) => session.release()))
    await vi.waitFor(async () => expect(await driver.query(count)).toEqual([{ n: 1 }]))
  })

  test.each([
    ["nobody listens", { port: 1 }],
    ["the database is missing", { database: "no_such_database" }],
    ["the role is missing", { username: "no_such_role" }],
  ])("says that no connection could be made when %s", async (_, options) => {
    const driver = new PostgresJsDriver(instance({ ...options, password: "very-secret" }))
    const attempts = [
      () => driver.query("select 1"),
      () => driver.transaction(async () => {}),
      () => driver.session(),
      () => driver.listen("channel", { onNotification() {}, onLost() {} }),
    ]
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        code: "PGQ_CONNECTION_FAILED",
        message: expect.not.stringContaining("very-secret"),
      })
    }
  })
})
