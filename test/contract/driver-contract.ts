import { randomBytes } from "node:crypto"
import { describe, expect, test, vi } from "vitest"
import type { Driver, Parameter, Queryable, QueryOptions } from "../../src/ports/driver.js"

/** How the suite gets what it tests. All that is made is ended when the test has finished. */
export interface DriverSetup {
  make(): Promise<Driver>
  /** A driver on a client whose own types and transforms are set to something else than the port promises. */
  makeOdd(): Promise<Driver>
  /** A driver that was told not to prepare; missing where nothing is ever prepared. */
  makeUnprepared?(): Promise<Driver>
  /** Calls back with a driver on a transaction that is opened for it, and ends that as said. */
  inTransaction(end: "commit" | "rollback", work: (driver: Driver) => Promise<void>): Promise<void>
  /** A driver whose client was ended. */
  makeEnded(): Promise<Driver>
  /** A second driver on the same database that has nothing to do with the first; the first where there is only one. */
  makeOther(first: Driver): Promise<Queryable>
  /** There is a server, whose sessions can be terminated and wait for each other. */
  readonly hasServer: boolean
  /** The driver replaces connections that were lost, or given up with a statement whose signal fired. */
  readonly reconnects: boolean
}

/** What every driver must do. Values first: they hold for blocking drivers too, see {@link describeValues}. */
export function describeDriverContract(name: string, setup: DriverSetup): void {
  describe(name, () => {
    describeValues("values", () => setup.make())
    describeValues("values, on a client set up oddly", () => setup.makeOdd())
    describeErrors(setup)
    describeTransactions(setup)
    describeCallersTransaction(setup)
    describeSessions(setup)
    describeListen(setup)
    describeAborts(setup)
    describePreparing(setup)
  })
}

/** A driver as far as values go. */
export type QueryOnly = Pick<Queryable, "query">

export function describeValues(name: string, make: () => Promise<QueryOnly>): void {
  const ask = async (sql: string, parameters?: readonly Parameter[]) => {
    const driver = await make()
    const [row] = await driver.query<{ value: unknown }>(sql, parameters)
    return row?.value
  }

  describe(name, () => {
    const hardText = `quote ' double " back \\ comma , braces {} new\nline tab\t NULL é 😀 "{\\"a\\":1}"`

    test.each<[string, string, Parameter, unknown]>([
      ["text", "$1::text", hardText, hardText],
      ["an empty text", "$1::text", "", ""],
      ["null", "$1::text", null, null],
      ["a whole number", "$1::int", 42, 42],
      ["a fraction", "$1::float8", -1.5, -1.5],
      ["a bigint beyond 2^53 as text", "$1::bigint", 9_007_199_254_740_993n, "9007199254740993"],
      ["an id as text", "$1::bigint", "9223372036854775807", "9223372036854775807"],
      ["a numeric as text", "$1::numeric", "0.10", "0.10"],
      ["true", "$1::boolean", true, true],
      ["false", "$1::boolean", false, false],
      ["JSON text", "$1::json", '{"a":[1,null,"\\u0041"]}', { a: [1, null, "A"] }],
      ["JSON text that is a string", "$1::jsonb", '"a"', "a"],
      ["JSON text that is null", "$1::json", "null", null],
      ["an empty list", "$1::text[]", [], []],
      [
        "a list of texts",
        "$1::text[]",
        [hardText, "", "NULL", "null", " a ", "{}"],
        [hardText, "", "NULL", "null", " a ", "{}"],
      ],
      ["a list with nulls", "$1::text[]", [null, "a", null], [null, "a", null]],
      ["a list of control characters", "$1::text[]", ["\u0001", "\b\f\r\n\t\u007f"], ["\u0001", "\b\f\r\n\t\u007f"]],
      [
        "a list of backslashes and quotes",
        "$1::text[]",
        ["\\", '"', '\\"', "\\\\", "'"],
        ["\\", '"', '\\"', "\\\\", "'"],
      ],
      ["a list of whole numbers", "$1::int[]", [1, -2, null], [1, -2, null]],
      ["a list of small numbers", "$1::int2[]", [1, 2], [1, 2]],
      [
        "a list of bigints as text",
        "$1::bigint[]",
        [9_007_199_254_740_993n, "1", null],
        ["9007199254740993", "1", null],
      ],
      ["a type without a rule as text", "$1::date", "2024-02-29", "2024-02-29"],
      ["a list without a rule as text", "$1::boolean[]", [true, false, null], "{t,f,NULL}"],
      ["a list of JSON texts", "array_to_json($1::json[])", ['{"a":"b\\"c"}', "[1]", null], [{ a: 'b"c' }, [1], null]],
    ])("brings %s there and back", async (_, expression, parameter, expected) => {
      expect(await ask(`select ${expression} as value`, [parameter])).toEqual(expected)
    })

    test("brings bytes there and back as a Uint8Array", async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
      const value = await ask("select $1::bytea as value", [bytes])
      expect(value).toBeInstanceOf(Uint8Array)
      expect([...(value as Uint8Array)]).toEqual([...bytes])
    })

    test("brings a part of a buffer there without the rest of it", async () => {
      const part = new Uint8Array(Uint8Array.from([1, 2, 3, 4, 5]).buffer, 1, 3)
      expect(await ask("select encode($1::bytea, 'hex') as value", [part])).toBe("020304")
    })

    test("brings lists of bytes there unharmed", async () => {
      const list = [new Uint8Array([0, 255, 92, 34]), new Uint8Array(), null, Buffer.from("\\x41")]
      const sql =
        "select array_agg(encode(b, 'hex') order by n) as value from unnest($1::bytea[]) with ordinality t (b, n)"
      expect(await ask(sql, [list])).toEqual(["00ff5c22", "", null, "5c783431"])
    })

    test("brings times there and back to the millisecond", async () => {
      const time = new Date("2024-02-29T23:59:59.999Z")
      const value = await ask("select $1::timestamptz as value", [time])
      expect(value).toEqual(time)
    })

    test.each([
      "2024-07-01T00:00:00.000Z",
      "0099-01-01T00:00:00.000Z",
      "12024-01-01T00:00:00.000Z",
      "1883-11-18T12:03:57.000Z",
    ])("brings %s there and back", async (iso) => {
      const time = new Date(iso.length > 24 ? `+0${iso}` : iso)
      expect(await ask("select $1::timestamptz as value", [time])).toEqual(time)
    })

    test("brings a time before Christ there and back", async () => {
      const time = new Date("-000043-03-15T00:00:00.000Z")
      expect(await ask("select $1::timestamptz as value", [time])).toEqual(time)
    })

    test("brings lists of times there", async () => {
      const times = [new Date("2024-01-01T00:00:00.001Z"), null]
      const sql = "select array_agg((extract(epoch from t) * 1000)::bigint) as value from unnest($1::timestamptz[]) t"
      expect(await ask(sql, [times])).toEqual(["1704067200001", null])
    })

    test("takes the type of a parameter from where it stands", async () => {
      expect(await ask("select 9007199254740993 = $1 as value", ["9007199254740993"])).toBe(true)
      expect(await ask("select n as value from generate_series(1, 3) n limit $1", [1])).toBe(1)
    })

    test("unnests lists of several types side by side", async () => {
      const driver = await make()
      const rows = await driver.query(
        `select a as id, b as entrypoint, c as payload, encode(d, 'hex') as bytes, e as run_at, f as priority
        from unnest($1::bigint[], $2::text[], $3::json[], $4::bytea[], $5::timestamptz[], $6::int[]) t (a, b, c, d, e, f)`,
        [
          ["1", "2"],
          ["x", null],
          ['{"a":1}', null],
          [new Uint8Array([9]), null],
          [new Date(0), null],
          [5, -5],
        ],
      )
      expect(rows).toEqual([
        { id: "1", entrypoint: "x", payload: { a: 1 }, bytes: "09", run_at: new Date(0), priority: 5 },
        { id: "2", entrypoint: null, payload: null, bytes: null, run_at: null, priority: -5 },
      ])
    })

    test("reads names of columns as the statement gives them, and no rows as none", async () => {
      const driver = await make()
      const sql = "select n as job_id, n::text as run_at_text, null::int as x from generate_series(1, $1::int) n"
      expect(await driver.query(sql, [1])).toEqual([{ job_id: 1, run_at_text: "1", x: null }])
      expect(await driver.query(sql, [0])).toEqual([])
    })

    test("gives no rows for a statement that returns none", async () => {
      const driver = await make()
      expect(await driver.query("create temporary table if not exists nothing (x int)")).toEqual([])
    })

    test("refuses a Date without a time", async () => {
      const driver = await make()
      await expect(driver.query("select $1::timestamptz", [new Date("x")])).rejects.toMatchObject({
        code: "PGQ_OPTION_INVALID",
      })
    })
  })
}

function describeErrors(setup: DriverSetup): void {
  describe("errors", () => {
    test("gives the SQLSTATE of what the server refuses, and works on", async () => {
      const driver = await setup.make()
      await expect(driver.query("select * from no_such_table")).rejects.toMatchObject({
        name: "PgQueuerError",
        code: "PGQ_QUERY_FAILED",
        sqlState: "42P01",
        cause: expect.anything(),
      })
      await expect(driver.query("select $1::int", ["x"])).rejects.toMatchObject({ sqlState: "22P02" })
      const divide = "select 1 / $1::int as one"
      await expect(driver.query(divide, [0], { name: "divide" })).rejects.toMatchObject({
        sqlState: "22012",
      })
      expect(await driver.query(divide, [1], { name: "divide" })).toEqual([{ one: 1 }])
    })

    test("tells a missing right apart", async () => {
      const driver = await setup.make()
      const role = `r_${randomBytes(6).toString("hex")}`
      await driver.query(`create role ${role}`)
      const refused = driver.transaction(async (transaction) => {
        await transaction.query(`set local role ${role}`)
        await transaction.query("select * from pg_authid")
      })
      await expect(refused).rejects.toMatchObject({ code: "PGQ_PERMISSION_DENIED", sqlState: "42501" })
      await driver.query(`drop role ${role}`)
    })

    test("is closed once its client was ended", async () => {
      const driver = await setup.makeEnded()
      await expect(driver.query("select 1")).rejects.toMatchObject({ code: "PGQ_DRIVER_CLOSED" })
      await expect(driver.transaction(async () => {})).rejects.toMatchObject({ code: "PGQ_DRIVER_CLOSED" })
    })
  })
}

function describeTransactions(setup: DriverSetup): void {
  describe("transactions", () => {
    test("commits what the work did, and gives its result", async () => {
      const driver = await setup.make()
      const table = await createTable(driver)
      const result = await driver.transaction(async (transaction) => {
        await transaction.query(`insert into ${table} values ($1)`, [1])
        return "done"
      })
      expect(result).toBe("done")
      expect(await count(driver, table)).toBe(1)
    })

    test("rolls back when the work throws, and throws the same", async () => {
      const driver = await setup.make()
      const table = await createTable(driver)
      const mine = new Error("mine")
      const failed = driver.transaction(async (transaction) => {
        await transaction.query(`insert into ${table} values (1)`)
        throw mine
      })
      await expect(failed).rejects.toBe(mine)
      expect(await count(driver, table)).toBe(0)
    })

    test("lets the error of a statement through", async () => {
      const driver = await setup.make()
      const failed = driver.transaction((transaction) => transaction.query("select 1 / 0"))
      await expect(failed).rejects.toMatchObject({ code: "PGQ_QUERY_FAILED", sqlState: "22012" })
      expect(await driver.query("select 1 as one")).toEqual([{ one: 1 }])
    })

    test("does not pass for committed when a failed statement was caught", async () => {
      const driver = await setup.make()
      const table = await createTable(driver)
      const caught = driver.transaction(async (transaction) => {
        await transaction.query(`insert into ${table} values (1)`)
        await transaction.query("select 1 / 0").catch(() => {})
      })
      await expect(caught).rejects.toMatchObject({ code: "PGQ_QUERY_FAILED" })
      expect(await count(driver, table)).toBe(0)
    })

    test("takes statements at the same time", async () => {
      const driver = await setup.make()
      const rows = await driver.transaction((transaction) =>
        Promise.all([1, 2, 3].map((n) => transaction.query("select $1::int as n", [n]))),
      )
      expect(rows).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]])
    })

    test("refuses statements after its end", async () => {
      const driver = await setup.make()
      const transaction = await driver.transaction(async (open) => open)
      await expect(transaction.query("select 1")).rejects.toMatchObject({ code: "PGQ_DRIVER_CLOSED" })
    })

    test("refuses the driver inside its own transaction where there is one connection, and lets others wait", async () => {
      const driver = await setup.make()
      if (driver.features.sessions !== 1) return
      const inside = await driver.transaction(async (transaction) => {
        const errors = await Promise.allSettled([driver.query("select 1"), driver.transaction(async () => {})])
        await transaction.query("select 1")
        return errors.map((settled) => settled.status === "rejected" && settled.reason.code)
      })
      expect(inside).toEqual(["PGQ_DRIVER_BUSY", "PGQ_DRIVER_BUSY"])

      const opened = deferred()
      const release = deferred()
      const first = driver.transaction(async () => {
        opened.resolve()
        await release.promise
      })
      await opened.promise
      const waiting = driver.query("select 1 as one")
      release.resolve()
      await first
      expect(await waiting).toEqual([{ one: 1 }])
    })

    test.runIf(setup.hasServer)("loses its connection without harm", async () => {
      const driver = await setup.make()
      const other = await setup.makeOther(driver)
      const lost = driver.transaction(async (transaction) => {
        await terminate(other, await pidOf(transaction))
        await transaction.query("select 1")
      })
      await expect(lost).rejects.toMatchObject({ code: "PGQ_CONNECTION_LOST" })
      const lostIdle = (await setup.make()).transaction(async (transaction) => {
        await terminate(other, await pidOf(transaction))
        throw new Error("mine")
      })
      await expect(lostIdle).rejects.toThrow("mine")
    })

    test.runIf(setup.hasServer)("does not know the outcome when COMMIT has no reply", async () => {
      const driver = await setup.make()
      const other = await setup.makeOther(driver)
      const table = await createTable(driver)
      await driver.query(`create function ${table}_wait() returns trigger language plpgsql as
        $$ begin perform pg_sleep(30); return null; end $$`)
      await driver.query(`create constraint trigger wait after insert on ${table} deferrable initially deferred
        for each row execute function ${table}_wait()`)
      const commit = driver.transaction(async (transaction) => {
        await transaction.query(`insert into ${table} values (1)`)
        const pid = await pidOf(transaction)
        void vi.waitFor(() => terminateInCommit(other, pid), { timeout: 10_000 })
      })
      await expect(commit).rejects.toMatchObject({ code: "PGQ_OUTCOME_UNKNOWN" })
    })
  })
}

function describeCallersTransaction(setup: DriverSetup): void {
  describe("on the caller's transaction", () => {
    test("writes what the caller commits", async () => {
      const driver = await setup.make()
      const table = await createTable(driver)
      await setup.inTransaction("commit", async (joined) => {
        expect(joined.features).toMatchObject({ inTransaction: true, listen: false })
        expect(await joined.query(`insert into ${table} values ($1) returning n as new_number`, [7])).toEqual([
          { new_number: 7 },
        ])
      })
      expect(await count(driver, table)).toBe(1)
    })

    test("writes nothing when the caller rolls back", async () => {
      const driver = await setup.make()
      const table = await createTable(driver)
      await setup.inTransaction("rollback", async (joined) => {
        await joined.query(`insert into ${table} values (7)`)
        await joined.transaction((nested) => nested.query(`insert into ${table} values (8)`))
      })
      expect(await count(driver, table)).toBe(0)
    })

    test("undoes only its own part when the work of a transaction throws", async () => {
      const driver = await setup.make()
      const table = await createTable(driver)
      await setup.inTransaction("commit", async (joined) => {
        await joined.query(`insert into ${table} values (1)`)
        const part = joined.transaction(async (nested) => {
          await nested.query(`insert into ${table} values (2)`)
          await nested.query("select 1 / 0")
        })
        await expect(part).rejects.toMatchObject({ sqlState: "22012" })
        expect(await joined.query("select $1::bytea as b", [new Uint8Array([1])])).toHaveLength(1)
      })
      expect(await count(driver, table)).toBe(1)
    })

    test("has no LISTEN", async () => {
      await setup.inTransaction("rollback", async (joined) => {
        const listening = joined.listen("channel", { onNotification() {}, onLost() {} })
        await expect(listening).rejects.toMatchObject({ code: "PGQ_UNSUPPORTED" })
      })
    })

    test("is told apart from a driver that the caller gave no transaction", async () => {
      const driver = await setup.make()
      expect(() => driver.joinTransaction?.({})).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
      expect(() => driver.joinTransaction?.(undefined)).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
    })
  })
}

function describeSessions(setup: DriverSetup): void {
  describe("sessions", () => {
    test("runs statements until it is released", async () => {
      const driver = await setup.make()
      const session = await driver.session()
      expect(await session.query("select $1::text as a", ["b"], { name: "session" })).toEqual([{ a: "b" }])
      await Promise.all([session.release(), session.release()])
      await session.release({ discard: true })
      await expect(session.query("select 1")).rejects.toMatchObject({ code: "PGQ_DRIVER_CLOSED" })
      expect(await driver.query("select 1 as one")).toEqual([{ one: 1 }])
    })

    test("takes statements at the same time", async () => {
      const session = await (await setup.make()).session()
      const rows = await Promise.all([1, 2, 3].map((n) => session.query("select $1::int as n", [n])))
      expect(rows).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]])
      await session.release()
    })

    test.runIf(setup.hasServer)("keeps one connection for itself", async () => {
      const driver = await setup.make()
      if (driver.features.sessions === 1) return
      const session = await driver.session()
      const pid = await pidOf(session)
      expect(await pidOf(session)).toBe(pid)
      expect(await pidOf(driver)).not.toBe(pid)
      await session.release()
    })

    test.runIf(setup.hasServer)("tells once that it was lost while idle, and refuses statements then", async () => {
      const driver = await setup.make()
      if (driver.features.sessions === 1 && setup.reconnects) return
      const other = await setup.makeOther(driver)
      const session = await driver.session()
      const lost = vi.fn()
      session.onLost(lost)
      await terminate(other, await pidOf(session))
      await vi.waitFor(() => expect(lost).toHaveBeenCalledOnce())
      await expect(session.query("select 1")).rejects.toMatchObject({ code: "PGQ_CONNECTION_LOST" })
      await session.release()
      expect(lost).toHaveBeenCalledOnce()
    })

    test.runIf(setup.hasServer)("tells only the statement that waits when it is lost meanwhile", async () => {
      const driver = await setup.make()
      const other = await setup.makeOther(driver)
      const session = await driver.session()
      const lost = vi.fn()
      session.onLost(lost)
      const pid = await pidOf(session)
      const waiting = session.query("select pg_sleep(30)")
      const outcome = expect(waiting).rejects.toMatchObject({ code: "PGQ_CONNECTION_LOST" })
      await vi.waitFor(() => terminateActive(other, pid))
      await outcome
      await session.release()
      expect(lost).not.toHaveBeenCalled()
    })
  })
}

function describeListen(setup: DriverSetup): void {
  describe("LISTEN", () => {
    test("hears the payloads of its channel, the empty and the longest too", async () => {
      const driver = await setup.make()
      const channel = `Odd-Channel ${randomBytes(4).toString("hex")}`
      const { heard, listener } = recorder()
      const subscription = await driver.listen(channel, listener)
      const other = await setup.makeOther(driver)
      const longest = `${"é".repeat(3_999)}x`
      for (const payload of ["a", "", longest]) await other.query("select pg_notify($1, $2)", [channel, payload])
      await other.query("select pg_notify($1, $2)", [`${channel}x`, "another"])
      await vi.waitFor(() => expect(heard).toHaveLength(3))
      expect(heard).toEqual(["a", "", longest])
      await subscription.close()
    })

    test("hears nothing after close, also when somebody else still listens", async () => {
      const driver = await setup.make()
      const channel = `c_${randomBytes(4).toString("hex")}`
      const [first, second] = [recorder(), recorder()]
      const closing = await driver.listen(channel, first.listener)
      const staying = await driver.listen(channel, second.listener)
      await Promise.all([closing.close(), closing.close()])
      const other = await setup.makeOther(driver)
      await other.query("select pg_notify($1, 'x')", [channel])
      await vi.waitFor(() => expect(second.heard).toEqual(["x"]))
      expect(first.heard).toEqual([])
      await staying.close()
      expect(first.lost).not.toHaveBeenCalled()
      expect(second.lost).not.toHaveBeenCalled()
    })

    test.runIf(setup.hasServer)("tells once that it was lost, and another LISTEN works", async () => {
      const driver = await setup.make()
      const channel = `c_${randomBytes(4).toString("hex")}`
      const other = await setup.makeOther(driver)
      const { lost, listener } = recorder()
      const subscription = await driver.listen(channel, listener)
      await terminateListener(other, channel)
      await vi.waitFor(() => expect(lost).toHaveBeenCalledOnce())
      expect(lost.mock.calls[0]?.[0]).toMatchObject({ code: "PGQ_CONNECTION_LOST" })
      await subscription.close()

      const again = driver.features.sessions === 1 ? await setup.make() : driver
      const second = recorder()
      const renewed = await again.listen(channel, second.listener)
      await other.query("select pg_notify($1, 'back')", [channel])
      await vi.waitFor(() => expect(second.heard).toEqual(["back"]))
      await renewed.close()
      expect(lost).toHaveBeenCalledOnce()
    })
  })
}

function describeAborts(setup: DriverSetup): void {
  describe("signals", () => {
    test("refuses a signal that has fired", async () => {
      const driver = await setup.make()
      const signal = AbortSignal.abort()
      await expect(driver.query("select 1", [], { signal })).rejects.toMatchObject({ code: "PGQ_ABORTED" })
      expect(await driver.query("select 1 as one")).toEqual([{ one: 1 }])
    })

    test.runIf(setup.hasServer)("rejects at once when it fires, with a time-out told apart", async () => {
      const options = (): QueryOptions => ({ signal: AbortSignal.timeout(50) })
      const driver = await setup.make()
      const began = performance.now()
      await expect(driver.query("select pg_sleep(2)", [], options())).rejects.toMatchObject({ code: "PGQ_TIMEOUT" })
      expect(performance.now() - began).toBeLessThan(1_500)
      if (setup.reconnects) expect(await driver.query("select 1 as one")).toEqual([{ one: 1 }])
      else await expect(driver.query("select 1")).rejects.toMatchObject({ code: "PGQ_CONNECTION_LOST" })
    })

    test.runIf(setup.hasServer)("rejects at once inside a transaction, which then has no effect", async () => {
      const driver = await setup.make()
      const other = await setup.makeOther(driver)
      const table = await createTable(driver)
      const abort = new AbortController()
      const began = performance.now()
      const transaction = driver.transaction(async (open) => {
        await open.query(`insert into ${table} values (1)`)
        const waiting = open.query("select pg_sleep(2)", [], { signal: abort.signal })
        abort.abort()
        await waiting
      })
      await expect(transaction).rejects.toMatchObject({ code: "PGQ_ABORTED" })
      expect(performance.now() - began).toBeLessThan(1_500)
      // Waits until the server has ended the transaction.
      await other.query(`alter table ${table} add column done int`)
      expect(await count(other, table)).toBe(0)
    })

    test.runIf(setup.hasServer)("discards the connection of a session", async () => {
      const driver = await setup.make()
      if (driver.features.sessions === 1) return
      const session = await driver.session()
      const waiting = session.query("select pg_sleep(2)", [], { signal: AbortSignal.timeout(50) })
      await expect(waiting).rejects.toMatchObject({ code: "PGQ_TIMEOUT" })
      await expect(session.query("select 1")).rejects.toMatchObject({ code: "PGQ_CONNECTION_LOST" })
      await session.release()
      const next = await driver.session()
      expect(await next.query("select 1 as one")).toEqual([{ one: 1 }])
      await next.release()
    })
  })
}

function describePreparing(setup: DriverSetup): void {
  const prepared = "select count(*)::int as prepared from pg_prepared_statements where statement ~ 'as numbered$'"
  const runNamed = (driver: Driver) =>
    driver.transaction(async (transaction) => {
      for (const n of [1, 2]) await transaction.query("select $1::int as numbered", [n], { name: "numbered" })
      return transaction.query<{ prepared: number }>(prepared)
    })

  describe.runIf(setup.makeUnprepared)("named statements", () => {
    test("are prepared once", async () => {
      expect(await runNamed(await setup.make())).toEqual([{ prepared: 1 }])
    })

    test("are not prepared by a driver that was told so", async () => {
      expect(await runNamed((await setup.makeUnprepared?.()) as Driver)).toEqual([{ prepared: 0 }])
    })

    test("outlive a change of the table that they read", async () => {
      const driver = await setup.make()
      const table = await createTable(driver)
      const session = await driver.session()
      const read = () => session.query(`select * from ${table}`, [], { name: "read_all" })
      await read()
      await session.query(`alter table ${table} add column added int`)
      await read().catch(() => {})
      expect(await read()).toEqual([])
      await session.release()
    })
  })
}

async function createTable(driver: Queryable): Promise<string> {
  const table = `public.t_${randomBytes(6).toString("hex")}`
  await driver.query(`create table ${table} (n int)`)
  return table
}

async function count(driver: Queryable, table: string): Promise<number | undefined> {
  const [row] = await driver.query<{ total: number }>(`select count(*)::int as total from ${table}`)
  return row?.total
}

async function pidOf(queryable: Queryable): Promise<number> {
  const [row] = await queryable.query<{ pid: number }>("select pg_backend_pid() as pid")
  return row?.pid as number
}

async function terminate(other: Queryable, pid: number): Promise<void> {
  await other.query("select pg_terminate_backend($1::int)", [pid])
  await vi.waitFor(async () => {
    expect(await other.query("select 1 from pg_stat_activity where pid = $1", [pid])).toEqual([])
  })
}

async function terminateActive(other: Queryable, pid: number): Promise<void> {
  const sql = "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'"
  expect(await other.query(sql, [pid])).toHaveLength(1)
}

async function terminateInCommit(other: Queryable, pid: number): Promise<void> {
  const sql = `select pg_terminate_backend(pid) from pg_stat_activity
    where pid = $1 and wait_event = 'PgSleep' and lower(query) = 'commit'`
  expect(await other.query(sql, [pid])).toHaveLength(1)
}

async function terminateListener(other: Queryable, channel: string): Promise<void> {
  const sql = "select pg_terminate_backend(pid) from pg_stat_activity where query = $1"
  expect(await other.query(sql, [`listen "${channel}"`])).toHaveLength(1)
}

function recorder() {
  const heard: string[] = []
  const lost = vi.fn<(error: unknown) => void>()
  return { heard, lost, listener: { onNotification: (payload: string) => heard.push(payload), onLost: lost } }
}

function deferred() {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
