import { readFileSync } from "node:fs"
import pg from "pg"
import { expect, it, onTestFinished } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { codeVersion } from "../../src/adapters/postgres/migrations.js"
import { statementFiles } from "../../src/adapters/postgres/sql.generated.js"
import { render, type StatementName } from "../../src/adapters/postgres/statement.js"
import { CompletionWatcher } from "../../src/completion-watcher.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { Queries } from "../../src/queries.js"
import { type TestDatabase, testDatabase } from "../support/database.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"
import { storeSchedule } from "../support/schedules.js"

const document = readFileSync(new URL("../../docs/reference/privileges.md", import.meta.url), "utf8")

const denied = expect.objectContaining({ code: "PGQ_PERMISSION_DENIED", sqlState: "42501" })

it.each([
  ["in a database where it may create one", 0],
  ["in a schema that was made for it", 1],
])("lets the owner install, grant and uninstall %s", async (_, block) => {
  const { database, admin } = await emptyPlacement()
  await admin.query(sqlOf("Owner", database.schema, await nameOf(admin), block))
  const owner = await login(admin, database, "owner")
  const queries = new Queries(new PgPoolDriver(owner), { schema: database.schema })
  expect(await queries.install()).toContain(codeVersion)
  expect((await queries.verify()).missing).toEqual([])
  const [creation, ...grants] = sqlOf("Producer", database.schema).split(/(?<=;)\n/)
  await admin.query(creation!)
  const producer = new PgPoolDriver(await login(admin, database, "producer"))
  await owner.query(grants.join("\n"))
  await expect(new Queries(producer, { schema: database.schema }).enqueue("a")).resolves.toEqual(["1"])
  await queries.uninstall()
  const { rowCount } = await admin.query("select from pg_namespace where nspname = $1", [database.schema])
  expect(rowCount).toBe(0)
})

it("lets a producer enqueue, and neither look, cancel, claim nor uninstall", async () => {
  const queue = await installQueue()
  const { queries, pool, driver } = await as(queue, "Producer")
  const [single] = await queries.enqueue("a", "secret")
  await queries.enqueueMany([{ entrypoint: "a", payload: 1, headers: { x: 1 } }, { entrypoint: "b" }])
  await queries.enqueue("a", Buffer.from("later"), { executeAfter: "1h", priority: 3 })
  await queries.enqueue("b", 1, { dedupeKey: "k", executeAfter: "1h" })
  await expect(queries.enqueue("b", 1, { dedupeKey: "k" })).rejects.toMatchObject({ code: "PGQ_DUPLICATE_KEY" })
  await driver.query(`select ${queue.schema}.enqueue('c', dedupe_key => 'k', expire_delay => '1 h', delay => '1 h')`)
  await driver.query(`select ${queue.schema}.enqueue_bytes('c', '\\x00', dedupe_key => 'k', on_conflict => 'skip')`)
  await driver.query(`select ${queue.schema}.enqueue_many('[{"entrypoint":"c"}]')`)
  const client = await pool.connect()
  await client.query("begin")
  await queries.enqueue("a", 2, { transaction: client })
  await client.query("commit")
  client.release()
  expect(await queue.queries.queueSize()).toEqual([
    { entrypoint: "a", status: "deferred", count: 1 },
    { entrypoint: "a", status: "queued", count: 3 },
    { entrypoint: "b", status: "deferred", count: 1 },
    { entrypoint: "b", status: "queued", count: 1 },
    { entrypoint: "c", status: "deferred", count: 1 },
    { entrypoint: "c", status: "queued", count: 1 },
  ])
  const { pgq, drain } = queue.worker({}, driver)
  pgq.entrypoint("a", () => {})
  for (const attempt of [
    () => queries.jobs(),
    () => queries.job(single!),
    () => queries.queueSize(),
    () => queries.cancel(single!),
    () => queries.enqueue("b", 2, { dedupeKey: "k", onConflict: "replace" }),
    () => driver.query(`select ${queue.schema}.enqueue('c', dedupe_key => 'k', on_conflict => 'replace')`),
    () => queries.uninstall(),
    drain,
    () => driver.query(`select payload from ${queue.schema}.job`),
    () => driver.query(`select job_id from ${queue.schema}.ready`),
    () => driver.query(`delete from ${queue.schema}.ready`),
    () => driver.query(`update ${queue.schema}.job set payload = null`),
  ])
    await expect(attempt()).rejects.toEqual(denied)
})

it("lets a producer whose role has the operator's grants replace jobs", async () => {
  const queue = await installQueue()
  await createRole(queue, "Operator")
  const { queries, driver } = await as(queue, "Producer")
  await queue.pool.query(sqlOf("Producer", queue.schema, undefined, 1))
  const [old] = await queries.enqueue("a", 1, { dedupeKey: "k" })
  await queries.enqueue("a", 2, { dedupeKey: "k", onConflict: "replace" })
  expect(await queue.queries.job(old!)).toMatchObject({ status: "deleted" })
  await driver.query(`select ${queue.schema}.enqueue('a', dedupe_key => 'k', on_conflict => 'replace')`)
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "a", status: "queued", count: 1 }])
})

it("lets a worker run, fail, retry, promote, release and rescue jobs, and neither enqueue, cancel nor uninstall", async () => {
  const queue = await installQueue()
  const { queries, driver } = await as(queue, "Worker", 8)
  await queue.queries.enqueueMany(
    ["good", "bad", "again", "stuck"].map((entrypoint) => ({ entrypoint, payload: entrypoint })),
  )
  await queue.queries.enqueue("good", "deferred", { executeAfter: "100ms" })
  const { rescued, poisoned } = await leaveDeadWorkers(queue)
  const { pgq, start, log } = queue.worker({ maxRescues: 1, shutdownTimeout: 100 }, driver)
  pgq.entrypoint("good", (_, { progress, log }) => {
    progress(1)
    log.info("well")
  })
  pgq.entrypoint("bad", () => {
    throw new Error("bad")
  })
  pgq.entrypoint("again", (job) => {
    if (job.attempt === 1) throw new RetryRequested({ delay: 50 })
  })
  pgq.entrypoint("stuck", (_, { signal }) => new Promise((_resolve, reject) => (signal.onabort = reject)))
  const { stop } = start()
  await queue.ended(5)
  await eventually(async () => (await queue.queries.job(poisoned))!.status === "failed")
  await stop()
  expect(log.messages("error").filter((message) => message !== "the job failed")).toEqual([])
  expect((await queue.queries.job(rescued))!).toMatchObject({ status: "successful" })
  expect(await queue.queries.queueSize()).toEqual([
    { entrypoint: "good", status: "failed", count: 1 },
    { entrypoint: "stuck", status: "queued", count: 1 },
  ])
  for (const attempt of [
    () => queries.enqueue("good"),
    () => queries.cancel("1"),
    () => queries.uninstall(),
    () => driver.query(`delete from ${queue.schema}.held`),
    () => driver.query(`update ${queue.schema}.job set payload = null`),
    () => driver.query(`update ${queue.schema}.ready set rank = 0`),
  ])
    await expect(attempt()).rejects.toEqual(denied)
})

it("lets a worker whose role has the producer's enqueue from its handlers", async () => {
  const queue = await installQueue()
  await createRole(queue, "Producer")
  const { driver } = await as(queue, "Worker", 8)
  await queue.pool.query(sqlOf("Worker", queue.schema, undefined, 1))
  await queue.queries.enqueue("parent")
  const { pgq, drain } = queue.worker({}, driver)
  pgq.entrypoint("parent", async (_, { queries }) => void (await queries.enqueue("child")))
  pgq.entrypoint("child", () => {})
  await drain()
  expect((await queue.queries.statistics()).map(({ entrypoint, status }) => [entrypoint, status])).toEqual([
    ["child", "successful"],
    ["parent", "successful"],
  ])
})

it("lets an operator cancel and delete, and neither read payloads, enqueue nor uninstall", async () => {
  const queue = await installQueue()
  const { queries, driver } = await as(queue, "Operator")
  const ids = await queue.queries.enqueueMany([1, 2, 3].map(() => ({ entrypoint: "a", payload: "secret" })))
  await queue.queries.enqueue("a", 4, { executeAfter: "1h" })
  expect(await queries.cancel([ids[0]!, "99"])).toEqual([
    { id: ids[0], done: true, status: "canceled" },
    { id: "99", done: false, status: "unknown" },
  ])
  expect(await queries.delete(ids[1]!)).toMatchObject([{ done: true }])
  expect(await queries.reschedule(ids[2]!, { executeAfter: "1h" })).toMatchObject([{ status: "deferred" }])
  expect(await queries.requeue({ entrypoint: "a" })).toEqual([])
  expect(await queries.delete({ entrypoint: "a" })).toHaveLength(2)
  expect(await queue.queries.queueSize()).toEqual([])
  expect(await queries.setLimits("a", { concurrencyLimit: 3 })).toMatchObject({ concurrencyLimit: { effective: 3 } })
  expect(await queries.resetLimits("a")).toMatchObject({ concurrencyLimit: { effective: null } })
  expect(await queries.pause("a")).toMatchObject({ paused: true })
  expect(await queries.resume("a")).toMatchObject({ paused: false })
  expect(await queries.limits()).toHaveLength(1)
  expect(await queries.prune({ olderThan: 0 })).toHaveLength(2)
  await storeSchedule(queue, "nightly", { expression: "0 3 * * *" })
  for (const act of ["pause", "resume", "trigger", "remove"] as const)
    expect(await queries[`${act}Schedules`]("nightly")).toMatchObject([{ done: true }])
  expect(await queries.pauseSchedules("nightly")).toMatchObject([{ reason: "unknown" }])
  for (const attempt of [
    () => queries.enqueue("a"),
    () => queries.jobs(),
    () => queries.uninstall(),
    () => driver.query(`select payload from ${queue.schema}.job`),
    () => driver.query(`update ${queue.schema}.outcome set status = 'successful'`),
    () => driver.query(`update ${queue.schema}.entrypoint set code_concurrency_limit = 1`),
  ])
    await expect(attempt()).rejects.toEqual(denied)
})

it("lets a waiter wait for ends and read results, and neither read payloads, enqueue nor cancel", async () => {
  const queue = await installQueue()
  const { queries, driver } = await as(queue, "Waiter")
  const [id, other] = await queue.queries.enqueue(["a", "b"])
  const watcher = new CompletionWatcher(driver, { schema: queue.schema })
  onTestFinished(() => watcher.close())
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  await drain()
  expect(await watcher.result(id!)).toBeUndefined()
  const wait = watcher.waitFor(other!)
  await queue.queries.cancel(other!)
  expect(await wait).toBe("canceled")
  for (const attempt of [
    () => queries.enqueue("a"),
    () => queries.cancel(id!),
    () => queries.job(id!),
    () => driver.query(`select payload from ${queue.schema}.job`),
    () => driver.query(`delete from ${queue.schema}.outcome`),
  ])
    await expect(attempt()).rejects.toEqual(denied)
})

it("lets a viewer look at everything, and change nothing", async () => {
  const queue = await installQueue()
  const { queries, driver } = await as(queue, "Viewer")
  const [id] = await queue.queries.enqueue("a", { visible: true })
  expect(await queries.job(id!)).toMatchObject({ status: "queued", payload: { visible: true } })
  expect(await queries.jobs({ status: "queued" })).toHaveLength(1)
  expect(await queries.failures(id!)).toEqual([])
  expect(await queries.progress(id!)).toBeUndefined()
  expect(await queries.logs(id!)).toEqual([])
  expect(await queries.queueSize()).toEqual([{ entrypoint: "a", status: "queued", count: 1 }])
  expect(await queries.statistics()).toEqual([])
  expect(await queries.limits()).toEqual([])
  expect(await queries.workers()).toEqual([])
  expect(await queries.metrics()).toMatchObject({ depth: { entrypoints: [{ entrypoint: "a" }] } })
  await storeSchedule(queue, "nightly", { expression: "0 3 * * *" })
  expect(await queries.schedules()).toMatchObject([{ name: "nightly" }])
  expect(await queries.scheduleRuns("nightly")).toEqual([])
  expect(await queries.previewSchedule("nightly")).toHaveLength(5)
  expect(await queries.explain(id!)).toMatchObject({ reasons: [{ code: "no-worker" }] })
  expect(await queries.verify()).toMatchObject({ missing: [] })
  const { facts, findings } = await queries.doctor({ role: "viewer" })
  expect(facts.roles).toEqual(["viewer"])
  expect(findings.filter(({ code }) => code === "missing-right")).toEqual([])
  expect(findings.filter(({ code }) => code === "unreadable")).toMatchObject([
    { severity: "note", command: expect.stringMatching(/^grant pg_monitor to /) },
  ])
  for (const attempt of [
    () => queries.enqueue("a"),
    () => queries.cancel(id!),
    () => queries.pause("a"),
    () => queries.pauseSchedules("nightly"),
    () => queries.prune({ olderThan: 0 }),
    () => queries.delete({ entrypoint: "a" }),
    () => queries.uninstall(),
    ...["job", "ready", "outcome"].map((table) => () => driver.query(`delete from ${queue.schema}.${table}`)),
  ])
    await expect(attempt()).rejects.toEqual(denied)
  expect((await queue.queries.job(id!))!.status).toBe("queued")
})

it("shows an auditor where jobs stand, and no payload", async () => {
  const queue = await installQueue()
  const { queries, driver } = await as(queue, "Viewer", 4, 2)
  await queue.queries.enqueue("a", "secret")
  expect(await driver.query(`select entrypoint, status from ${queue.schema}.job_status`)).toEqual([
    { entrypoint: "a", status: "queued" },
  ])
  await expect(queries.jobs()).rejects.toEqual(denied)
  await expect(driver.query(`select payload from ${queue.schema}.job`)).rejects.toEqual(denied)
})

/** What each role runs. The right to a sequence is asked for only when a number is drawn. */
const statementsOf: { readonly [role: string]: readonly StatementName[] } = {
  Producer: ["read_version", "enqueue", "enqueue_unique", "find_key_holders"],
  Worker: [
    "read_version",
    "start_worker",
    "stop_worker",
    "claim",
    "exchange",
    "claim_suspect",
    "promote_due",
    "expire_due",
    "beat",
    "beat_apart",
    "find_claims",
    "mark_lost_workers",
    "take_orphans",
    "rescue_claims",
    "register_entrypoints",
    "read_rules",
    "lease_slots",
    "renew_leases",
    "free_leases",
    "complete_job",
    "settle_completed",
    "notify",
    "register_retention",
    "take_turn",
    "prune_history",
    "write_progress",
    "write_log_lines",
    "read_schedules",
    "register_schedules",
    "plan_schedules",
    "finish_runs",
    "release_runs",
    "release_unknown_runs",
    "rescue_runs",
    "prune_runs",
    "prune_audit",
    "merge_rollups",
    "read_depth",
    "list_tables",
    "write_samples",
    "prune_rollups",
  ],
  Operator: [
    "end_waiting",
    "stop_claimed",
    "reschedule_waiting",
    "requeue_held",
    "list_held_ids",
    "find_statuses",
    "list_entrypoint_ids",
    "ensure_entrypoint",
    "change_entrypoint",
    "drain_workers",
    "list_limits",
    "prune_history",
    "list_schedule_names",
    "pause_schedules",
    "trigger_schedules",
    "remove_schedules",
    "begin_action",
    "end_action",
    "note_action",
  ],
  Waiter: ["read_version", "start_watcher", "stop_watcher", "find_ends", "find_results", "notify"],
  Viewer: [
    "read_version",
    "find_jobs",
    "find_failures",
    "find_progress",
    "find_log_lines",
    "find_statuses",
    "list_job_ids",
    "count_unfinished",
    "read_rollups",
    "read_depth",
    "read_samples",
    "list_limits",
    "list_workers",
    "list_schedules",
    "list_schedule_runs",
    "read_totals",
    "read_limit_use",
    "read_workers",
    "read_overdue",
    "explain_job",
    "describe_ends",
    "list_recent_groups",
    "list_recent_failures",
    "list_waiting",
    "list_hand_limits",
    "list_ended",
    "read_ends",
    "list_actions",
    "find_newest_jobs",
    "find_oldest_jobs",
    "find_newest_end",
    "find_oldest_end",
    "describe_jobs",
    "find_text",
    "find_errors",
    "walk_queued",
    "read_values",
  ],
}

it.each(Object.keys(statementsOf))("grants the %s nothing that its statements don't need", async (heading) => {
  const queue = await installQueue()
  const role = await createRole(queue, heading)
  const client = await queue.pool.connect()
  try {
    expect(await refused(client, queue, role, statementsOf[heading]!)).toEqual([])
    const idle: string[] = []
    for (const { revoke, sequence } of singleGrants(sqlOf(heading, queue.schema), role)) {
      await client.query("begin")
      await client.query(revoke)
      const missed =
        sequence === undefined
          ? await refused(client, queue, role, statementsOf[heading]!)
          : await refusedNumber(client, sequence, role)
      await client.query("rollback")
      if (missed.length === 0) idle.push(revoke)
    }
    expect(idle).toEqual([])
  } finally {
    client.release()
  }
})

/** The SQL under a heading of the document, with the names of a test in the place of the examples. */
function sqlOf(heading: string, schema: string, database = "shop", block = 0): string {
  const section = document.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ""
  const sql = [...section.matchAll(/^```sql\n([\s\S]*?)^```/gm)].map((match) => match[1]!)[block]
  if (sql === undefined) throw new Error(`no block ${block} of SQL under ${heading}`)
  return sql
    .replace(/\bpgq_(\w+)/g, `${schema}_$1`)
    .replace(/\bpgqueuer\b/g, schema)
    .replace(/\bshop\b/g, `"${database}"`)
    .trim()
}

/** Queries as the role under a heading, which has what its block of SQL gives it and no more. */
async function as(queue: TestQueue, heading: string, max = 4, block = 0) {
  const role = await createRole(queue, heading, block)
  const pool = await login(queue.pool, queue.database, role.slice(queue.schema.length + 1), max)
  const driver = new PgPoolDriver(pool)
  return { pool, driver, queries: new Queries(driver, { schema: queue.schema }) }
}

async function createRole(queue: TestQueue, heading: string, block = 0): Promise<string> {
  const sql = sqlOf(heading, queue.schema, undefined, block)
  const role = /create role (\w+)/.exec(sql)![1]!
  await queue.pool.query(sql)
  dropLater(queue.database.url, role)
  return role
}

async function login(admin: pg.Pool, database: TestDatabase, name: string, max = 4): Promise<pg.Pool> {
  const role = `${database.schema}_${name}`
  await admin.query(`alter role ${role} password 'of a test'`)
  dropLater(database.url, role)
  const url = new URL(database.url)
  url.username = role
  url.password = "of a test"
  return database.pool({ connectionString: url.href, max })
}

function dropLater(url: string, role: string): void {
  onTestFinished(async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const { rowCount } = await client.query("select from pg_roles where rolname = $1", [role])
    if (rowCount === 1) await client.query(`drop owned by ${role}; drop role ${role}`)
    await client.end()
  })
}

async function emptyPlacement(): Promise<{ database: TestDatabase; admin: pg.Pool }> {
  const database = testDatabase()
  return { database, admin: database.pool() }
}

async function nameOf(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ name: string }>("select current_database() as name")
  return rows[0]!.name
}

/** Two workers without a heartbeat: one holds a job, the other one that was rescued before. */
async function leaveDeadWorkers(queue: TestQueue): Promise<{ rescued: string; poisoned: string }> {
  const [rescued, poisoned] = await queue.queries.enqueue(["good", "good"])
  for (const [id, rescues] of [
    [rescued, 0],
    [poisoned, 1],
  ]) {
    await queue.sql(
      `with dead as (
        insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms, heartbeat_at)
        values ('gone', 1, '0', '{good}', 1000, now() - interval '1 hour') returning id
      ),
      taken as (delete from pgqueuer.ready where job_id = $1::bigint returning *)
      insert into pgqueuer.claim (worker_id, entrypoint, rescues, job_ids, seqs, ranks, attempts)
      select dead.id, entrypoint, $2::int, array[job_id], array[seq], array[rank], array[attempt] from dead, taken`,
      [id, rescues],
    )
  }
  return { rescued: rescued!, poisoned: poisoned! }
}

interface SingleGrant {
  readonly revoke: string
  readonly sequence?: string
}

/** Each right on each object, one by one, as the statement that takes it away. */
function singleGrants(sql: string, role: string): SingleGrant[] {
  return [...sql.matchAll(/^grant ([\s\S]+?)\s+on\s+(schema\s+|sequence\s+)?([\s\S]+?)\s+to\s+\w+;/gm)].flatMap(
    (match) => {
      const [rights, kind = "", objects] = [match[1]!, match[2], match[3]!.split(/,\s*/)]
      const singles = rights.split(/,\s*(?![^(]*\))/).flatMap((right) => {
        const [, verb, columns] = /^(\w+) \((.+)\)$/.exec(right) ?? []
        return columns === undefined ? [right] : columns.split(/,\s*/).map((column) => `${verb} (${column})`)
      })
      return objects.flatMap((object) =>
        singles.map((right) => ({
          revoke: `revoke ${right} on ${kind}${object} from ${role}`,
          ...(kind.trim() === "sequence" ? { sequence: object } : {}),
        })),
      )
    },
  )
}

/**
 * The statements that PostgreSQL does not let the role run. Explaining asks for the same rights on tables as running,
 * save for parts that the planner leaves out because of a value; the text is one with which it leaves out none that matters.
 */
async function refused(
  client: pg.PoolClient,
  queue: TestQueue,
  role: string,
  names: readonly StatementName[],
): Promise<StatementName[]> {
  const found: StatementName[] = []
  for (const name of names) {
    const sql = render(statementFiles[name], queue)
      .replace(/\$\d+::text\b(?!\[)/g, "'deleted'::text")
      .replace(/\$\d+/g, "null")
    if (await isRefused(client, `explain ${sql}`, role)) found.push(name)
  }
  return found
}

async function refusedNumber(client: pg.PoolClient, sequence: string, role: string): Promise<string[]> {
  return (await isRefused(client, `select nextval('${sequence}')`, role)) ? [sequence] : []
}

async function isRefused(client: pg.PoolClient, sql: string, role: string): Promise<boolean> {
  const isOpen = (await client.query("select now() <> statement_timestamp() as inside")).rows[0].inside === true
  await client.query(isOpen ? "savepoint before_role" : "begin")
  try {
    await client.query(`set local role ${role}`)
    await client.query(sql)
    return false
  } catch (error) {
    if ((error as pg.DatabaseError).code !== "42501") throw error
    return true
  } finally {
    await client.query(isOpen ? "rollback to savepoint before_role" : "rollback")
  }
}
