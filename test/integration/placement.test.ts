import { randomBytes } from "node:crypto"
import pg from "pg"
import { expect, it, onTestFinished, vi } from "vitest"
import { PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { codeVersion } from "../../src/adapters/postgres/migrations.js"
import { Queries } from "../../src/queries.js"
import { testDatabase } from "../support/database.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

const allVersions = Array.from({ length: codeVersion }, (_, index) => index + 1)

it("keeps two schemas in one database apart", async () => {
  const [a, b] = [await installQueue(), await installQueue()]
  expect(await jobsSeen(a, b)).toEqual({ a: ["for a"], b: ["for b"] })
})

it("keeps two prefixes in one schema apart", async () => {
  const a = await installQueue({ prefix: "a_" })
  const pool = a.database.pool()
  const queries = new Queries(new PgPoolDriver(pool), { schema: a.schema, prefix: "b_" })
  await queries.install()
  await a.queries.enqueue("fetch", "for a")
  await queries.enqueue("fetch", "for b")
  const seen: unknown[] = []
  const { pgq, drain } = a.worker()
  pgq.entrypoint("fetch", (job) => void seen.push(job.payload))
  await drain()
  expect(seen).toEqual(["for a"])
  expect(await queries.queueSize()).toEqual([{ entrypoint: "fetch", status: "queued", count: 1 }])
  await queries.uninstall()
  expect((await a.queries.verify()).missing).toEqual([])
})

it("lets two installs at once both end well", async () => {
  const database = testDatabase()
  const installs = Array.from({ length: 4 }, () =>
    new Queries(new PgPoolDriver(database.pool()), { schema: database.schema }).install(),
  )
  expect((await Promise.all(installs)).flat()).toEqual(allVersions)
})

it("says that all is there when it is installed twice, and leaves the jobs alone", async () => {
  const { queries } = await installQueue()
  const [id] = await queries.enqueue("a")
  expect(await queries.install()).toEqual([])
  expect(await queries.upgrade()).toEqual([])
  expect((await queries.job(id!))!.status).toBe("queued")
})

it("gives a script that makes the same tables as the install", async () => {
  const queue = await installQueue()
  const database = testDatabase()
  const pool = database.pool()
  const script = new Queries(new PgPoolDriver(pool), { schema: database.schema, prefix: "x_" }).installScript()
  await pool.query(script)
  expect(await objects(pool, database.schema, "x_")).toEqual(await objects(queue.pool, queue.schema, ""))
  const installed = new Queries(new PgPoolDriver(pool), { schema: database.schema, prefix: "x_" })
  expect(await installed.install()).toEqual([])
})

it("leaves nothing behind when it is uninstalled, and touches nothing that is not its own", async () => {
  const queue = await installQueue({ checked: false })
  await queue.queries.uninstall()
  expect(await queue.pool.query("select from pg_namespace where nspname = $1", [queue.schema])).toMatchObject({
    rowCount: 0,
  })
  await queue.queries.install()
  await queue.sql(`create table "${queue.schema}".mine ()`)
  await queue.sql(`create function "${queue.schema}".enqueue(integer) returns integer language sql as 'select 1'`)
  await queue.queries.uninstall()
  expect(await queue.sql(`select "${queue.schema}".enqueue(7) as one`)).toEqual([{ one: 1 }])
  const { rows } = await queue.pool.query("select relname from pg_class where relnamespace = $1::regnamespace", [
    queue.schema,
  ])
  expect(rows).toEqual([{ relname: "mine" }])
})

it("names what is missing", async () => {
  const queue = await installQueue()
  await queue.sql("drop index pgqueuer.claim_worker_idx")
  await queue.sql("drop function pgqueuer.enqueue_many(json, text)")
  expect((await queue.queries.verify()).missing).toEqual([
    `${queue.schema}.claim_worker_idx`,
    `${queue.schema}.enqueue_many(json, text)`,
  ])
})

it("refuses a database without its tables: producer, reader and worker", async () => {
  const database = testDatabase()
  const driver = new PgPoolDriver(database.pool())
  const queries = new Queries(driver, { schema: database.schema })
  const missing = expect.objectContaining({
    code: "PGQ_SCHEMA_MISSING",
    remedy: expect.stringContaining("pgq install"),
  })
  await expect(queries.enqueue("a")).rejects.toEqual(missing)
  await expect(queries.enqueueMany([{ entrypoint: "a" }])).rejects.toEqual(missing)
  await expect(queries.jobs()).rejects.toEqual(missing)
  await expect(queries.cancel("1")).rejects.toEqual(missing)
  await expect(queries.queueSize()).rejects.toEqual(missing)
  await expect(queries.upgrade()).rejects.toEqual(missing)
  const { PgQueuer } = await import("../../src/pgqueuer.js")
  const pgq = new PgQueuer(driver, { schema: database.schema })
  pgq.entrypoint("a", () => {})
  await expect(pgq.run()).rejects.toEqual(missing)
  await queries.install()
  await expect(queries.enqueue("a")).resolves.toHaveLength(1)
})

it.each([
  [
    "older",
    "delete from pgqueuer.migration; insert into pgqueuer.migration values (0, 0)",
    "PGQ_SCHEMA_TOO_OLD",
    new RegExp(`version 0.*version ${codeVersion}`),
  ],
  [
    "newer",
    "insert into pgqueuer.migration values (99, 98)",
    "PGQ_SCHEMA_TOO_NEW",
    new RegExp(`version 99.*version 98.*version ${codeVersion}`),
  ],
])("refuses an %s schema that does not fit, and names both versions", async (_, change, code, message) => {
  const queue = await installQueue()
  await queue.sql(change)
  const refusal = expect.objectContaining({ code, message: expect.stringMatching(message), remedy: expect.any(String) })
  await expect(queue.queries.enqueue("a")).rejects.toEqual(refusal)
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  await expect(drain()).rejects.toEqual(refusal)
  expect(await queue.sql("select from pgqueuer.job")).toEqual([])
})

it("works on a newer schema that still serves it", async () => {
  const queue = await installQueue()
  await queue.sql("insert into pgqueuer.migration values (99, 1)")
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  await queue.queries.enqueue("a")
  await drain()
  expect(await queue.queries.statistics()).toMatchObject([{ count: 1 }])
})

it("says that a role lacks rights: to the producer, and to the worker at its start", async () => {
  const queue = await installQueue()
  const driver = new PgPoolDriver(await poolOfStranger(queue))
  const denied = expect.objectContaining({
    code: "PGQ_PERMISSION_DENIED",
    sqlState: "42501",
    remedy: expect.any(String),
  })
  await expect(new Queries(driver, { schema: queue.schema }).enqueue("a")).rejects.toEqual(denied)
  const { pgq, drain } = queue.worker({}, driver)
  pgq.entrypoint("a", () => {})
  await expect(drain()).rejects.toEqual(denied)
})

it.each([2, 3])("refuses a pool of %d connections for a worker, before it claims anything", async (max) => {
  const queue = await installQueue()
  await queue.queries.enqueue("a")
  const { pgq, drain } = queue.worker({}, new PgPoolDriver(queue.database.pool({ max })))
  pgq.entrypoint("a", () => {})
  await expect(drain()).rejects.toMatchObject({
    code: "PGQ_POOL_TOO_SMALL",
    message: expect.stringMatching(new RegExp(`4.*${max}`)),
  })
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "a", status: "queued", count: 1 }])
})

it("drains over a single connection that everything shares", async () => {
  const queue = await installQueue()
  const client = new pg.Client({ connectionString: queue.database.url })
  await client.connect()
  onTestFinished(() => client.end())
  const { pgq, drain } = queue.worker({}, new PgDriver(client))
  let runs = 0
  pgq.entrypoint("a", async (_, { queries }) => {
    runs++
    await queries.queueSize()
  })
  await queue.queries.enqueueMany(Array.from({ length: 500 }, () => ({ entrypoint: "a" })))
  await drain()
  expect(runs).toBe(500)
})

it.each(["4", "a b", 'a"b', "a;drop table x", "Ä", "select"])(
  "refuses the schema name %j before it reaches the server",
  async (schema) => {
    const query = vi.fn()
    const driver = { label: "none", features: { listen: false, sessions: 1, inTransaction: false }, query } as never
    expect(() => new Queries(driver, { schema })).toThrow(expect.objectContaining({ code: "PGQ_NAME_INVALID" }))
    expect(query).not.toHaveBeenCalled()
  },
)

it("wakes no worker of another placement", async () => {
  const [a, b] = [await installQueue(), await installQueue()]
  const heard: string[] = []
  const subscription = await b.driver.listen(`${b.schema}.events`, {
    onNotification: (text) => void heard.push(text),
    onLost() {},
  })
  await a.queries.enqueue("x")
  await b.queries.enqueue("y")
  await eventually(() => heard.length > 0)
  await subscription.close()
  expect(heard).toEqual([expect.stringContaining('"y"')])
})

async function jobsSeen(a: TestQueue, b: TestQueue) {
  const seen = { a: [] as unknown[], b: [] as unknown[] }
  await a.queries.enqueue("fetch", "for a")
  await b.queries.enqueue("fetch", "for b")
  for (const [name, queue] of [
    ["a", a],
    ["b", b],
  ] as const) {
    const { pgq, drain } = queue.worker()
    pgq.entrypoint("fetch", (job) => void seen[name].push(job.payload))
    await drain()
  }
  return seen
}

/** All relations of a placement with their columns, without the prefix. */
async function objects(pool: pg.Pool, schema: string, prefix: string): Promise<unknown[]> {
  const { rows } = await pool.query(
    `select substr(relname, length($2::text) + 1) as name, relkind as kind, array_to_string(reloptions, ',') as options,
      (select string_agg(attname || ' ' || atttypid::regtype, ', ' order by attname)
        from pg_attribute where attrelid = pg_class.oid and attnum > 0) as columns
    from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'i', 'v', 'S') and relname !~ '_pkey$|_seq$'
    union all
    select substr(proname, length($2::text) + 1), 'function', null, pg_get_function_identity_arguments(oid)
    from pg_proc where pronamespace = $1::regnamespace
    order by 1`,
    [schema, prefix],
  )
  return rows
}

async function poolOfStranger({ database, schema, pool }: TestQueue): Promise<pg.Pool> {
  const role = `stranger_${randomBytes(6).toString("hex")}`
  await pool.query(`create role ${role} login password 'stranger'`)
  await pool.query(`grant usage on schema ${schema} to ${role}`)
  await pool.query(`grant select on ${schema}.migration to ${role}`)
  onTestFinished(async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(`drop owned by ${role}; drop role ${role}`)
    await client.end()
  })
  const url = new URL(database.url)
  url.username = role
  url.password = "stranger"
  return database.pool({ connectionString: url.href, max: 6 })
}
