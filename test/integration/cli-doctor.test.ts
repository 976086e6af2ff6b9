import pg from "pg"
import { expect, onTestFinished, test } from "vitest"
import { pgq } from "../support/command-line.js"
import { startOwnServer } from "../support/own-server.js"
import { eventually, installQueue } from "../support/queue.js"

test("says that all is well where it is, and names the transaction that was left open where it is not", async () => {
  const { server } = await startOwnServer()
  const ask = (...args: string[]) => pgq(["doctor", ...args, "--dsn", server.url])
  const well = await ask("--strict")
  expect(well).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringMatching(/^PostgreSQL \d.*\n\nAll is well\.\n$/),
  })
  expect(well.stdout).toMatch(
    / · schema pgqueuer: version (\d+) of \1 · user postgres \(.*worker.*\) · clock [+-].* · NOTIFY in .* ms/,
  )
  const client = new pg.Client({ connectionString: server.url, application_name: "left open" })
  client.on("error", () => {})
  await client.connect()
  onTestFinished(() => client.end())
  await client.query("begin; create table t (n int)")
  await eventually(async () => (await ask()).stdout.includes("(left open, "), 30_000, 500)
  const { code, stdout } = await ask()
  expect(code).toBe(0)
  expect(stdout).toMatch(/^NOTE idle-transaction since \d{4}-/m)
  expect(stdout).toMatch(/^ {2}\$ select pg_terminate_backend\(\d+\);$/m)
  expect(stdout).toMatch(/^All is well; 1 note\.$/m)
}, 60_000)

test("ends with 1 on errors, and with --strict on warnings", async () => {
  const { server, queries, pool } = await startOwnServer()
  await queries.enqueue("nobody")
  const ask = (...args: string[]) => pgq(["doctor", ...args, "--dsn", server.url])
  expect(await ask()).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^WARNING no-worker since .*\n[\s\S]*^1 warning\.$/m),
  })
  expect(await ask("--strict")).toMatchObject({ code: 1 })
  await pool.query("alter table pgqueuer.failure set unlogged")
  expect(await ask()).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^ERROR unlogged-table[\s\S]*^WARNING no-worker/m),
  })
}, 60_000)

test("prints an object with --json, also where there are no tables; and refuses roles that it does not know", async () => {
  const { database } = await installQueue()
  const { code, stdout } = await pgq(["doctor", "--json", "--schema", "nothing_here"], { database })
  expect(code).toBe(1)
  const { schema, healthy, findings, facts } = JSON.parse(stdout)
  expect({ schema, healthy }).toEqual({ schema: "nothing_here", healthy: false })
  expect(facts.schemaVersion).toBeNull()
  expect(findings).toContainEqual(
    expect.objectContaining({ code: "schema", severity: "error", command: "pgq install" }),
  )
  expect(await pgq(["doctor", "--role", "werker"], { database })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("did you mean worker?"),
  })
})

test("tunes the tables, and puts back what was there before", async () => {
  const { database, sql } = await installQueue()
  await sql("alter table pgqueuer.ready set (fillfactor = 90)")
  await sql("alter table pgqueuer.ready reset (autovacuum_vacuum_threshold)")
  const ask = (...args: string[]) => pgq(["doctor", ...args], { database })
  const planned = await ask("--tune", "--dry-run")
  expect(planned).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^\d+ tables would be changed. None was.\n$/),
  })
  const tuned = await ask("--tune")
  expect(tuned.stdout).toBe(planned.stdout)
  expect(tuned.stdout).toMatch(/^ready +autovacuum_vacuum_threshold +not set +5000$/m)
  expect(await ask("--tune")).toMatchObject({ code: 0, stdout: "", stderr: "All tables are set as recommended.\n" })
  const undone = await ask("--tune", "--rollback", "--json")
  expect(JSON.parse(undone.stdout).tables).toContainEqual({
    table: "ready",
    changes: [{ option: "autovacuum_vacuum_threshold", before: "5000", after: null }],
  })
  expect(await ask("--tune", "--rollback")).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^Nothing to put back/),
  })
  expect(await ask("--rollback")).toMatchObject({ code: 2, stderr: expect.stringContaining("--tune --rollback") })
}, 60_000)
