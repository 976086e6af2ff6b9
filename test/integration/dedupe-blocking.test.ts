import { expect, it, onTestFinished } from "vitest"
import type * as Source from "../../src/sync.js"
import { pgq } from "../support/command-line.js"
import { installQueue, type TestQueue } from "../support/queue.js"

// The driver's thread is a file of its own, which Node can load only when it is built.
const built = new URL("../../dist/sync.js", import.meta.url)
const { SyncPgDriver, SyncQueries } = (await import(built.href)) as typeof Source

it("refuses or skips a job whose key is taken, for code that cannot await", async () => {
  const queue = await installQueue()
  const { queries } = blocking(queue)
  const [id] = queries.enqueue("mail", 1, { dedupeKey: "a" })
  expect(codeOf(() => queries.enqueue("mail", 2, { dedupeKey: "a" }))).toBe(`PGQ_DUPLICATE_KEY job ${id}`)
  expect(codeOf(() => queries.enqueueMany(["b", "a"].map(job)))).toBe(`PGQ_DUPLICATE_KEY job ${id}`)
  expect(queries.enqueueMany(["a", "b", "b"].map(job), { onConflict: "skip" })).toEqual([
    null,
    expect.any(String),
    null,
  ])
  expect(await queue.queries.jobs()).toHaveLength(2)
})

it("undoes only the refused call within a blocking transaction", async () => {
  const queue = await installQueue()
  const { driver } = blocking(queue)
  driver.transaction((open) => {
    const queries = new SyncQueries(open, { schema: queue.schema })
    queries.enqueue("mail", 1, { dedupeKey: "a" })
    expect(codeOf(() => queries.enqueueMany(["b", "a"].map(job)))).toContain("PGQ_DUPLICATE_KEY")
    expect(queries.enqueue("mail", 1, { dedupeKey: "b" })).toHaveLength(1)
  })
  expect(await queue.queries.jobs()).toHaveLength(2)
})

it("says that a blocking producer cannot replace", async () => {
  const { queries } = blocking(await installQueue())
  const options = { dedupeKey: "a", onConflict: "replace" as "skip" }
  expect(codeOf(() => queries.enqueue("mail", 1, options))).toContain("PGQ_UNSUPPORTED")
})

it("enqueues with a key from a shell: raise, skip, replace", async () => {
  const { database, queries } = await installQueue()
  const queue = (...args: string[]) => pgq(["queue", "mail", "--dedupe-key", "a", ...args], { database })
  const first = await queue()
  expect(await queue()).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("PGQ_DUPLICATE_KEY") })
  expect(await queue("--on-conflict", "skip")).toMatchObject({
    code: 0,
    stdout: "",
    stderr: expect.stringMatching(/./),
  })
  expect(await queue("--on-conflict", "skip", "--json")).toMatchObject({ code: 0, stdout: '{"id":null}\n' })
  const third = await queue("--on-conflict", "replace")
  expect(await queries.job(first.stdout.trim())).toMatchObject({ status: "deleted" })
  expect(await queries.job(third.stdout.trim())).toMatchObject({ status: "queued" })
  expect(await queue("--on-conflict", "ignore")).toMatchObject({ code: 2 })
}, 30_000)

function job(dedupeKey: string) {
  return { entrypoint: "mail", dedupeKey }
}

function blocking({ database, schema }: TestQueue) {
  const driver = new SyncPgDriver(database.url)
  onTestFinished(() => driver.close())
  return { driver, queries: new SyncQueries(driver, { schema }) }
}

function codeOf(act: () => unknown): string {
  try {
    act()
    return "no error"
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return `${code} ${/job \d+/.exec(message)?.[0] ?? message}`
  }
}
