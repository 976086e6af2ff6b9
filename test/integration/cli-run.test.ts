import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { type Finished, pgq, startPgq } from "../support/command-line.js"
import { installQueue } from "../support/queue.js"

const several = "test/support/workers/several.ts"

test("runs a TypeScript module until SIGTERM: running handlers end, exit code 0, although a pool is open", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("slow", { ms: 300 })
  const worker = startPgq(["run", `${several}:slow`], { database })
  await worker.writes(`begins ${id}`)
  worker.process.kill("SIGTERM")
  const { code, stdout, stderr } = await worker.finished
  expect(stdout).toContain(`ends ${id}`)
  expect(stderr).toMatch(/^pgqueuer info worker started /m)
  expect({ code, status: (await queries.job(id!))?.status }).toEqual({ code: 0, status: "successful" })
})

test("stops within a second of a second signal: what runs is put back, attempt unchanged", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("slow", { ms: 60_000 })
  const worker = startPgq(["run", `${several}:slow`], { database })
  await worker.writes(`begins ${id}`)
  worker.process.kill("SIGTERM")
  await worker.writes("send it again to stop at once")
  const begin = performance.now()
  worker.process.kill("SIGINT")
  const { code } = await worker.finished
  expect(performance.now() - begin).toBeLessThan(1_000)
  expect({ code, job: await queries.job(id!) }).toMatchObject({ code: 0, job: { status: "queued", attempt: 1 } })
})

test("obeys --shutdown-timeout and --max-concurrent-tasks", async () => {
  const { database, queries } = await installQueue()
  const [first, second] = await queries.enqueue(["slow", "slow"], [{ ms: 60_000 }, { ms: 60_000 }])
  const options = ["--shutdown-timeout", "200ms", "--max-concurrent-tasks", "1"]
  const worker = startPgq(["run", `${several}:slow`, ...options], { database })
  await worker.writes(`begins ${first}`)
  worker.process.kill("SIGTERM")
  const begin = performance.now()
  const { code, stdout } = await worker.finished
  expect(performance.now() - begin).toBeLessThan(2_500)
  expect(stdout).not.toContain(`begins ${second}`)
  expect({ code, size: await queries.queueSize() }).toEqual({
    code: 0,
    size: [{ entrypoint: "slow", status: "queued", count: 2 }],
  })
})

test("drains: ends with exit code 0 when nothing is left, and runs only the entrypoints it was told to", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue(["other", "slow"], [null, { ms: 1 }])
  const args = ["run", `${several}:slow`, "--mode", "drain", "--entrypoints", "other"]
  const { code, stdout } = await pgq(args, { database })
  expect({ code, stdout }).toEqual({ code: 0, stdout: "other ran\n" })
  expect(await queries.queueSize()).toEqual([{ entrypoint: "slow", status: "queued", count: 1 }])
})

test("refuses an entrypoint that is not registered", async () => {
  const { database } = await installQueue()
  const { code, stderr } = await pgq(["run", `${several}:slow`, "--entrypoints", "slwo"], { database })
  expect(stderr).toContain("Registered: slow, other.")
  expect(code).toBe(2)
})

test("gives the arguments after -- to the factory, reaches it by --dsn alone, and disposes what it returned", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("slow")
  const { url, schema } = database
  const args = ["run", `${several}:disposed`, "--mode", "drain", "--dsn", url, "--schema", schema, "--", "eu", "--json"]
  const { code, stdout } = await pgq(args, { environment: { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" } })
  expect({ code, stdout }).toEqual({ code: 0, stdout: "ran with eu+--json\ndisposed\n" })
})

test.for([
  ["plain.mjs", "the default export of an ES module"],
  ["plain.mjs:default", "an export by its name"],
  ["plain:default", "a module without its extension"],
  ["common.cjs:main", "CommonJS"],
] as const)("loads %s: %s, with `new Pool()` led to the --dsn", async ([module]) => {
  const { database, queries } = await installQueue()
  await queries.enqueue("slow")
  const args = ["run", `./test/support/workers/${module}`, "--mode", "drain", "--dsn", database.url]
  const { code, stdout, stderr } = await pgq(args, { environment: { PGQUEUER_SCHEMA: database.schema } })
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "ran in plain\n" })
})

test.for(["error", "rejection"])(
  "puts its jobs back after an uncaught %s, logs it and exits with 1",
  async (payload) => {
    const { database, queries } = await installQueue()
    const [crash] = await queries.enqueue("crash", payload)
    const [slow] = await queries.enqueue("slow", { ms: 60_000 })
    const { code, stderr } = await pgq(["run", `${several}:crashing`], { database })
    expect(stderr).toContain("a callback threw")
    expect(stderr).toContain("several.ts")
    expect(code).toBe(1)
    for (const id of [crash!, slow!]) expect(await queries.job(id)).toMatchObject({ status: "queued", attempt: 1 })
  },
)

test("ends at once on a signal while the factory hangs", async () => {
  const { database } = await installQueue()
  const worker = startPgq(["run", `${several}:hanging`], { database })
  await worker.writes("hangs")
  worker.process.kill("SIGTERM")
  expect((await worker.finished).code).toBe(0)
})

test("reports a database without the tables and ends with 1", async () => {
  const { database } = await installQueue()
  const { code, stderr } = await pgq(["run", `${several}:slow`, "--schema", "elsewhere"], { database })
  expect(stderr).toMatch(/PGQ_SCHEMA_MISSING\)\n {2}Run: pgq install/)
  expect(code).toBe(1)
})

test.for([
  ["./test/support/workers/severl.ts:slow", "did you mean test/support/workers/several.ts?"],
  ["no-such-package:main", "neither a file nor a package"],
  ["./test/support/workers/nothing.mjs:main", "exports nothing"],
  [`${several}:slwo`, `did you mean ${several}:slow?`],
  [several, "has no default export"],
  [`${several}:number`, "number of test/support/workers/several.ts is 7, not a function"],
  [`${several}:wrong`, "returned 42, not a PgQueuer"],
  [`${several}:throwing`, "threw: no coffee left at postgres://joe:***@host/db"],
] as const)("refuses the module %s: %s", async ([module, expected]) => {
  const failure = await pgq(["run", module])
  expectInvalid(failure, expected)
})

test("says what a module lacks that cannot be loaded", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pgq-run-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, "imports.ts"), `import { x } from "no-such-package"\nexport const main = () => x`)
  writeFileSync(join(folder, "syntax.ts"), "export const = 1")
  expectInvalid(await pgq(["run", "imports.ts:main"], { folder }), "no-such-package")
  expectInvalid(await pgq(["run", "syntax.ts:main"], { folder }), "syntax.ts could not be loaded")
})

function expectInvalid({ code, stdout, stderr }: Finished, expected: string): void {
  expect(stderr).toContain(expected)
  expect(stderr).toMatch(/^pgq: .* \(PGQ_MODULE_INVALID\)\n {2}\S.*\n$/)
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
}
