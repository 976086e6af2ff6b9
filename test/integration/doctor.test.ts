import { setTimeout as pause } from "node:timers/promises"
import pg from "pg"
import { describe, expect, it, onTestFinished } from "vitest"
import { PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { codeVersion } from "../../src/adapters/postgres/migrations.js"
import type { Finding, FindingCode } from "../../src/app/doctor/diagnosis.js"
import { Queries } from "../../src/queries.js"
import { startOwnServer } from "../support/own-server.js"
import { costsOfBacklog, genericPlan } from "../support/plan.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

describe("on a server that is set up well", () => {
  it("finds nothing, says what it measured, and nothing either while workers run", async () => {
    const { queries, driver, pool } = await startOwnServer()
    expect(await queries.doctor()).toEqual({
      healthy: true,
      findings: [],
      facts: {
        serverVersion: expect.stringMatching(/^\d+(\.\d+)?$/),
        user: "postgres",
        schemaVersion: codeVersion,
        codeVersion,
        roles: ["producer", "worker", "operator", "waiter", "viewer"],
        clockDifferenceMs: expect.any(Number),
        notifyMs: expect.any(Number),
        wraparound: { used: expect.closeTo(0, 2), daysLeft: expect.any(Number) },
      },
    })
    await queries.enqueue("a", null, { executeAfter: "1h" })
    expect((await new Queries(driver).doctor({ role: "worker" })).findings).toEqual([])
    const client = await pool.connect()
    onTestFinished(() => client.release())
    expect((await new Queries(new PgDriver(client)).doctor()).findings).toEqual([])
  })

  it("names prepared transactions, and settings of the database that let acknowledged jobs be lost", async () => {
    const { queries, pool } = await startOwnServer({ max_prepared_transactions: "3" }, false)
    await pool.query("create role casual; alter role casual set synchronous_commit = off")
    await pool.query("alter database postgres set default_transaction_isolation = serializable")
    await pool.query("begin; create table t (n int); prepare transaction 'it''s'")
    const found = await untilFound(queries, "prepared-transaction")
    expect(found).toMatchObject({
      message: expect.stringMatching(/^The prepared transaction 'it''s' of postgres .* is open for/),
      command: "rollback prepared 'it''s';",
      since: expect.any(Date),
    })
    await pool.query(found.command!)
    const fresh = new pg.Pool({ connectionString: urlOf(pool), max: 3 })
    onTestFinished(() => fresh.end())
    const { healthy, findings } = await new Queries(new PgPoolDriver(fresh)).doctor()
    expect(healthy).toBe(false)
    expect(findings).toMatchObject([
      {
        severity: "warning",
        code: "unsafe-setting",
        message: expect.stringContaining("synchronous_commit=off is set for role casual"),
        command: "alter role casual reset synchronous_commit;",
      },
      { severity: "warning", code: "isolation-level", command: expect.stringContaining("'read committed'") },
    ])
    for (const { command } of findings) await fresh.query(command!)
    await eventually(async () => (await new Queries(new PgPoolDriver(fresh)).doctor()).findings.length <= 1)
  })
})

describe("of transactions that somebody left open", () => {
  it("names the one that is idle for longest first, who holds it, and what ends it", async () => {
    const queue = await installQueue()
    const names = [`${queue.schema}_old`, `${queue.schema}_young`] as const
    const pid = await leaveOpen(queue, names[0], `create table ${queue.schema}.left_open (n int)`)
    await pause(300)
    await leaveOpen(queue, names[1], "select 1")
    const idle = async () =>
      (await findingsOf(queue, "idle-transaction")).filter(({ message }) => message.includes(queue.schema))
    await eventually(async () => (await idle()).length === 2)
    const [first, second] = await idle()
    expect(first).toMatchObject({
      severity: "note",
      message: expect.stringMatching(
        /^Session \d+ of postgres \(\w+_old, from [\w.:]+, \w+\) has been idle in a transaction for \d.* s, open for .* s; vacuum cannot remove/,
      ),
      since: expect.any(Date),
      command: `select pg_terminate_backend(${pid});`,
    })
    expect(second!.message).toMatch(/_young, .*; it keeps no dead rows, but may hold locks$/)
    await queue.pool.query(first!.command!)
    await eventually(async () => (await idle()).length === 1)
  })

  it("is not held up by one that locks the tables, and says so", async () => {
    const queue = await installQueue()
    await leaveOpen(queue, `${queue.schema}_locks`, `lock table ${queue.schema}.worker`)
    const unreadable = await findingsOf(queue, "unreadable")
    expect(unreadable).toContainEqual(
      expect.objectContaining({
        severity: "warning",
        message: expect.stringMatching(/^Could not look at workers: .*lock/),
      }),
    )
  })
})

describe("of settings", () => {
  it("calls those errors that can destroy the database", async () => {
    const { queries } = await installQueue()
    const { findings, healthy } = await queries.doctor()
    expect(healthy).toBe(false)
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          severity: "error",
          code: "unsafe-setting",
          message: expect.stringMatching(/^fsync is off: /),
          command: "alter system set fsync = on; select pg_reload_conf();",
        }),
        expect.objectContaining({ severity: "error", message: expect.stringMatching(/^full_page_writes is off: /) }),
        expect.objectContaining({
          severity: "warning",
          message: expect.stringMatching(/^synchronous_commit is off: /),
        }),
      ]),
    )
  })
})

describe("of the tables", () => {
  it("says what installs them when there are none, and what upgrades them when they are old", async () => {
    const queue = await installQueue({ checked: false })
    const nowhere = new Queries(queue.driver, { schema: `${queue.schema}_not` })
    expect(await findingsOf({ queries: nowhere }, "schema")).toMatchObject([
      { severity: "error", command: "pgq install" },
    ])
    await queue.sql("delete from pgqueuer.migration where version = $1", [codeVersion])
    expect(await findingsOf(queue, "schema")).toMatchObject([{ severity: "error", command: "pgq upgrade" }])
  })

  it("finds what is missing, invalid, unlogged, and not vacuumed", async () => {
    const queue = await installQueue({ checked: false })
    await queue.sql("drop index pgqueuer.ready_moved_idx")
    await queue.sql("alter table pgqueuer.lease drop constraint lease_pkey")
    await queue.sql("alter table pgqueuer.failure set unlogged")
    await queue.sql("alter table pgqueuer.claim set (autovacuum_enabled = false)")
    await queue.sql("update pg_index set indisvalid = false where indexrelid = $1::regclass", [
      `${queue.schema}.deferred_run_at_idx`,
    ])
    const { schema } = queue
    const { findings } = await queue.queries.doctor()
    for (const expected of [
      { code: "missing-object", message: `${schema}.ready_moved_idx is missing` },
      { code: "missing-object", message: "The table lease has lost its primary key" },
      { code: "unlogged-table", command: `alter table ${schema}.failure set logged;` },
      { code: "autovacuum", command: `alter table ${schema}.claim reset (autovacuum_enabled);` },
      { code: "invalid-index", command: `reindex index concurrently ${schema}.deferred_run_at_idx;` },
    ])
      expect(findings).toContainEqual(expect.objectContaining({ severity: "error", ...expected }))
    for (const { command } of findings.filter(({ code }) => /^(unlogged|autovacuum|invalid)/.test(code)))
      await queue.pool.query(command!)
    const left = (await queue.queries.doctor()).findings.map(({ code }) => code)
    for (const code of ["unlogged-table", "autovacuum", "invalid-index"]) expect(left).not.toContain(code)
  })

  it("finds many dead rows, and a table that is set otherwise than it should be", async () => {
    const queue = await installQueue({ checked: false })
    await queue.sql("alter table pgqueuer.ready set (autovacuum_enabled = false, autovacuum_vacuum_threshold = 6000)")
    await queue.sql("insert into pgqueuer.ready select 'a', 0, n, n from generate_series(1, 25000) as n")
    await queue.sql("delete from pgqueuer.ready")
    const dead = await untilFound(queue.queries, "dead-rows")
    expect(dead).toMatchObject({
      severity: "warning",
      message: expect.stringMatching(/^The table ready has 2\d,\d{3} dead rows beside 0 live ones/),
      command: `vacuum (verbose, analyze) ${queue.schema}.ready;`,
    })
    expect(await findingsOf(queue, "table-options")).toMatchObject([
      { severity: "warning", message: expect.stringContaining("ready (autovacuum_vacuum_threshold 6000, not 5000)") },
    ])
  })
})

describe("of rights", () => {
  it("works for a user with few of them: what it may not read is a note that names what is missing", async () => {
    const queue = await installQueue()
    const { queries, user } = await asUser(queue, `grant usage on schema ${queue.schema} to {user}`)
    const { findings, facts } = await queries.doctor()
    expect(facts).toMatchObject({ user, roles: [], schemaVersion: null, notifyMs: expect.any(Number) })
    expect(findings.filter(({ code }) => code === "unreadable")).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ severity: "note", command: `grant pg_monitor to ${user};` }),
        expect.objectContaining({
          severity: "note",
          message: expect.stringMatching(/the tables' version: .*table migration$/),
        }),
        expect.objectContaining({ severity: "note", message: expect.stringMatching(/workers: .*permission denied/) }),
      ]),
    )
    expect(findings.filter(({ code }) => code === "missing-right")).toMatchObject([
      { severity: "note", message: expect.stringContaining("lacks rights of the role") },
    ])
  })

  it("gives the line that grants what a role lacks", async () => {
    const queue = await installQueue()
    const { queries, user } = await asUser(queue, `grant usage on schema ${queue.schema} to {user}`)
    const missing = async () =>
      (await queries.doctor({ role: "producer" })).findings.filter(({ code }) => code === "missing-right")
    const [found] = await missing()
    expect(found).toMatchObject({
      severity: "error",
      message: expect.stringContaining(`${user} lacks rights of the role producer`),
    })
    await queue.pool.query(found!.command!)
    expect(await missing()).toEqual([])
    expect((await queries.doctor()).facts.roles).toEqual(["producer"])
    await queries.enqueue("a")
  })
})

describe("of a large backlog", () => {
  it.each(["list_waiting", "list_hand_limits"] as const)("reads with %s no more than a part", async (name) => {
    const queue = await installQueue({ checked: false })
    await queue.sql(`insert into pgqueuer.ready select 'e' || n % 3, 0, n, n from generate_series(1, 20000) as n`)
    await queue.sql(
      `insert into pgqueuer.deferred select n, 'd', 0, now() - n * interval '1 second' from generate_series(30001, 50000) as n`,
    )
    for (const analysed of [false, true]) {
      if (analysed) await queue.sql("analyze pgqueuer.ready, pgqueuer.deferred, pgqueuer.job")
      const client = await queue.pool.connect()
      try {
        const parameters = name === "list_waiting" ? ["1000"] : []
        expect(costsOfBacklog(await genericPlan(client, queue, name, parameters), queue)).toEqual([])
      } finally {
        client.release()
      }
    }
    const found = await findingsOf(queue, "no-worker")
    expect(found.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^1,000 jobs or more of the entrypoint e0/),
    )
    expect(await findingsOf(queue, "overdue")).toMatchObject([
      { message: expect.stringMatching(/^1,000 jobs or more/) },
    ])
  })
})

describe("of work", () => {
  it("names entrypoints whose jobs nobody runs, those paused, and limits that are not the code's", async () => {
    const queue = await installQueue()
    await queue.queries.enqueueMany(Array.from({ length: 3 }, () => ({ entrypoint: "it's", payload: 1 })))
    await queue.queries.enqueue(["served", "paused"])
    await queue.queries.pause("paused")
    await queue.queries.setLimits("served", { concurrencyLimit: 3 })
    await addWorker(queue, "served")
    expect(await findingsOf(queue, "no-worker")).toMatchObject([
      {
        severity: "warning",
        message: "3 jobs of the entrypoint it's wait, and no running worker has a handler for it",
        since: expect.any(Date),
        command: `pgq jobs --status queued --entrypoint 'it'\\''s'`,
      },
    ])
    expect(await findingsOf(queue, "paused")).toMatchObject([
      {
        severity: "note",
        message: expect.stringContaining("paused is paused while 1 job"),
        command: "pgq resume paused",
      },
    ])
    expect(await findingsOf(queue, "limit-by-hand")).toMatchObject([
      {
        severity: "note",
        message: "concurrencyLimit of the entrypoint served is 3 by hand; the code says none",
        since: expect.any(Date),
        command: "pgq limits served --reset",
      },
    ])
  })

  it("names workers without a sign of life, and jobs that are due and not moved into line", async () => {
    const queue = await installQueue()
    const [id] = await queue.queries.enqueue("a", null, { executeAfter: "1h" })
    await queue.sql("update pgqueuer.deferred set run_at = now() - interval '5 minutes' where job_id = $1", [id])
    await addWorker(queue, "a", "heartbeat_at = now() - interval '10 minutes'")
    await addWorker(queue, "b", "version = '0.0.9'")
    await addWorker(queue, "b")
    expect(await findingsOf(queue, "silent-worker")).toMatchObject([
      {
        severity: "warning",
        message: "Worker 1 (pid 7 on far) gave its last sign of life 10 min ago; it holds no job",
        since: expect.any(Date),
      },
    ])
    expect(await findingsOf(queue, "overdue")).toMatchObject([
      { severity: "warning", message: expect.stringMatching(/^1 job of the entrypoint a is due .* for 5 min$/) },
    ])
    expect(await findingsOf(queue, "mixed-versions")).toMatchObject([
      { severity: "note", message: "Workers run several versions of pgqueuer: 0.0.9, 1.0.0" },
    ])
  })
})

async function leaveOpen(queue: TestQueue, application: string, statement: string): Promise<number> {
  const client = new pg.Client({ connectionString: queue.database.url, application_name: application })
  client.on("error", () => {})
  await client.connect()
  onTestFinished(() => client.end())
  const { rows } = await client.query("select pg_backend_pid() as pid")
  await client.query("begin")
  await client.query(statement)
  return rows[0].pid
}

/** A role that has what the statement grants, gone after the test. */
async function asUser(queue: TestQueue, grants: string): Promise<{ queries: Queries; user: string }> {
  const user = `${queue.schema}_user`
  const admin = new pg.Client({ connectionString: queue.database.url })
  await admin.connect()
  onTestFinished(async () => {
    await admin.query(`drop owned by ${user}; drop role ${user}`)
    await admin.end()
  })
  await admin.query(`create role ${user} login password 'of a test'`)
  await admin.query(grants.replaceAll("{user}", user))
  const url = new URL(queue.database.url)
  url.username = user
  url.password = "of a test"
  const pool = queue.database.pool({ connectionString: url.href })
  return { queries: new Queries(new PgPoolDriver(pool), { schema: queue.schema }), user }
}

async function addWorker({ sql }: TestQueue, entrypoint: string, change = "pid = 7"): Promise<void> {
  await sql(
    `with added as (
      insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms)
      values ('far', 7, '1.0.0', array[$1::text], 30000) returning id
    )
    select id from added`,
    [entrypoint],
  )
  await sql(`update pgqueuer.worker set ${change} where id = (select max(id) from pgqueuer.worker)`)
}

async function findingsOf({ queries }: { readonly queries: Queries }, code: FindingCode): Promise<readonly Finding[]> {
  return (await queries.doctor()).findings.filter((found) => found.code === code)
}

/** Statistics arrive when they are ready, and a transaction is left open only after a while. */
async function untilFound(queries: Queries, code: FindingCode): Promise<Finding> {
  let found: Finding | undefined
  await eventually(async () => {
    found = (await findingsOf({ queries }, code))[0]
    return found !== undefined
  }, 25_000)
  return found!
}

function urlOf(pool: pg.Pool): string {
  return pool.options.connectionString!
}
