import { execFileSync, spawnSync } from "node:child_process"
import type pg from "pg"
import { expect, test } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { Queries } from "../../src/queries.js"
import { environmentOf, pgq } from "../support/command-line.js"
import { type TestDatabase, testDatabase } from "../support/database.js"

test("installs once: a second run says that it is there", async () => {
  const database = testDatabase()
  const first = await pgq(["install"], { database })
  const second = await pgq(["install"], { database })
  expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Installed: schema t_\w+, version \d+\n$/) })
  expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Already installed: schema/) })
})

test("takes schema and prefix before or after the command", async () => {
  const database = testDatabase()
  const { url, schema } = database
  const after = await pgq(["install", "--dsn", url, "--schema", schema, "--prefix", "a_"])
  const before = await pgq(["--dsn", url, "--schema", schema, "--prefix", "b_", "install"])
  expect([after.code, before.code]).toEqual([0, 0])
  const { rows } = await database
    .pool()
    .query("select tablename from pg_tables where schemaname = $1 and tablename like '%job' order by 1", [schema])
  expect(rows.map((row) => row.tablename)).toEqual(["a_job", "b_job"])
})

test("installs twice at once without an error", async () => {
  const database = testDatabase()
  const both = await Promise.all([pgq(["install"], { database }), pgq(["install"], { database })])
  expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 0, stderr: "" },
    { code: 0, stderr: "" },
  ])
})

test.skipIf(spawnSync("psql", ["--version"]).error)("prints SQL that gives psql the same schema", async () => {
  const [byCommand, byPsql] = [testDatabase(), testDatabase()]
  const script = await pgq(["install", "--dry-run", "--schema", byPsql.schema])
  expect(script.stderr).toBe("")
  execFileSync("psql", ["--no-psqlrc", "-q", "-v", "ON_ERROR_STOP=1", byPsql.url], {
    input: script.stdout,
    env: { ...process.env, ...environmentOf(byPsql) },
  })
  await pgq(["install"], { database: byCommand })
  const pool = byCommand.pool()
  expect(await catalogOf(pool, byPsql)).toEqual(await catalogOf(pool, byCommand))
  expect((await pgq(["verify"], { database: byPsql })).code).toBe(0)
})

test("verifies: exit code 1 with what is missing, what is too old and what is too new", async () => {
  const database = testDatabase()
  const pool = database.pool()
  const none = await pgq(["verify"], { database })
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("Run: pgq install") })
  await pgq(["install"], { database })
  expect(await pgq(["verify"], { database })).toMatchObject({ code: 0, stderr: "" })

  await pool.query(`drop table ${database.schema}.deferred cascade`)
  const broken = await pgq(["verify", "--json"], { database })
  expect(broken.code).toBe(1)
  expect(JSON.parse(broken.stdout)).toMatchObject({
    ok: false,
    missing: expect.arrayContaining([`${database.schema}.deferred`]),
  })

  await pool.query(`insert into ${database.schema}.migration (version, serves) values (1000, 1000)`)
  const tooNew = await pgq(["verify"], { database })
  expect(tooNew).toMatchObject({ code: 1, stderr: expect.stringContaining("PGQ_SCHEMA_TOO_NEW") })
  expect(await pgq(["install"], { database })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Install a newer pgqueuer"),
  })
})

test("upgrades what is there, and refuses where nothing is", async () => {
  const database = testDatabase()
  expect(await pgq(["upgrade"], { database })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("PGQ_SCHEMA_MISSING"),
  })
  await pgq(["install"], { database })
  expect(await pgq(["upgrade"], { database })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Nothing to upgrade/),
  })
  expect(await pgq(["upgrade", "--dry-run"], { database })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^-- nothing to do/),
  })
})

test("uninstalls without asking when nothing waits, and leaves nothing", async () => {
  const database = testDatabase()
  await pgq(["install"], { database })
  expect(await pgq(["uninstall"], { database })).toMatchObject({ code: 0, stdout: expect.stringContaining("Removed") })
  const { rows } = await database.pool().query("select from pg_namespace where nspname = $1", [database.schema])
  expect(rows).toEqual([])
  expect(await pgq(["uninstall"], { database })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Nothing is installed"),
  })
})

test("does not uninstall waiting jobs without a terminal to ask on, unless it is told to", async () => {
  const database = testDatabase()
  await pgq(["install"], { database })
  const queries = new Queries(new PgPoolDriver(database.pool()), { schema: database.schema })
  await queries.enqueue("mail")
  const refused = await pgq(["uninstall"], { database })
  expect(refused.stderr).toContain("1 job is unfinished")
  expect(refused.stderr).toContain("--yes")
  expect(refused.code).toBe(2)
  expect(await queries.queueSize()).toHaveLength(1)
  expect((await pgq(["uninstall", "--yes"], { database })).code).toBe(0)
  expect((await queries.verify()).found).toBeUndefined()
})

/** Everything that makes up a schema, without its own name. */
async function catalogOf(pool: pg.Pool, { schema }: TestDatabase): Promise<unknown> {
  const { rows } = await pool.query(
    `select class.relname, class.relkind, class.reloptions,
      (select json_agg(json_build_array(attname, format_type(atttypid, atttypmod), attnotnull, attstorage, attcollation,
          pg_get_expr(adbin, adrelid)) order by attnum)
        from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = class.oid and attnum > 0) as columns,
      (select json_agg(pg_get_constraintdef(oid) order by conname) from pg_constraint where conrelid = class.oid) as constraints,
      case class.relkind when 'i' then pg_get_indexdef(class.oid) when 'v' then pg_get_viewdef(class.oid) end as definition
    from pg_class as class where relnamespace = $1::regnamespace order by relname`,
    [schema],
  )
  const { rows: migrations } = await pool.query(`select version, serves from ${schema}.migration order by version`)
  return JSON.parse(JSON.stringify({ rows, migrations }).replaceAll(schema, "the_schema"))
}
