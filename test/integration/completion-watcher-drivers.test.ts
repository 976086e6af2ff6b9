import { PGlite } from "@electric-sql/pglite"
import pg from "pg"
import postgres from "postgres"
import { expect, it, onTestFinished } from "vitest"
import { PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { PgliteDriver } from "../../src/adapters/drivers/pglite.js"
import { PostgresJsDriver } from "../../src/adapters/drivers/postgres-js.js"
import { CompletionWatcher } from "../../src/completion-watcher.js"
import { PgQueuer } from "../../src/pgqueuer.js"
import type { Driver } from "../../src/ports/driver.js"
import { Queries } from "../../src/queries.js"
import { repository, start } from "../support/command-line.js"
import { installQueue, type TestQueue } from "../support/queue.js"

const makers: { readonly [name: string]: (queue: TestQueue) => Promise<Driver> } = {
  async PgDriver({ database }) {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    onTestFinished(() => client.end())
    return new PgDriver(client)
  },
  async "PgPoolDriver without prepared statements"({ database }) {
    return new PgPoolDriver(database.pool(), { prepare: false })
  },
  async PostgresJsDriver({ database }) {
    const sql = postgres(database.url, { max: 4, onnotice: () => {} })
    onTestFinished(() => sql.end())
    return new PostgresJsDriver(sql)
  },
}

it.each(Object.keys(makers))("waits and reads results with %s", async (name) => {
  const queue = await installQueue()
  const driver = await makers[name]!(queue)
  const watcher = new CompletionWatcher(driver, { schema: queue.schema })
  onTestFinished(() => watcher.close())
  const { pgq, start: run } = queue.worker()
  pgq.entrypoint("a", async (_, { progress, log }) => {
    progress({ half: 0.5 })
    log.info("line", { x: 1 })
    return { text: "a\u0000ä", list: [1, null] }
  })
  run()
  const [id, waiting] = await queue.queries.enqueue(["a", "nobody"])
  const wait = watcher.waitFor(waiting!)
  expect(await watcher.result(id!)).toEqual({ text: "a\u0000ä", list: [1, null] })
  await queue.queries.cancel(waiting!)
  expect(await wait).toBe("canceled")
  const queries = new Queries(driver, { schema: queue.schema })
  expect(await queries.progress(id!)).toMatchObject({ value: { half: 0.5 }, updatedAt: expect.any(Date) })
  expect(await queries.logs(id!)).toMatchObject([{ message: "line", fields: { x: 1 }, loggedAt: expect.any(Date) }])
})

it("waits, reads results, and keeps progress and lines within PGlite", async () => {
  const database = new PGlite()
  onTestFinished(() => database.close())
  const driver = new PgliteDriver(database)
  const queries = new Queries(driver)
  await queries.install()
  const pgq = new PgQueuer(driver)
  pgq.entrypoint("a", (job, { progress, log }) => {
    progress(1)
    log.info("line")
    return job.payload
  })
  const running = pgq.run()
  const watcher = new CompletionWatcher(driver)
  const ids = await queries.enqueue(["a", "a"], [{ n: 1 }, undefined])
  expect(await Promise.all(ids.map((id) => watcher.result(id)))).toEqual([{ n: 1 }, undefined])
  expect(await queries.job(ids[0]!)).toMatchObject({ status: "successful", progress: 1 })
  expect(await queries.logs(ids[0]!)).toMatchObject([{ message: "line" }])
  await watcher.close()
  await pgq.stop()
  await running
}, 60_000)

it("does not keep a process alive that waits for nothing any more", async () => {
  const { database, queries } = await installQueue()
  const [id] = await queries.enqueue("nobody")
  await queries.cancel(id!)
  const code = `
    import pg from "pg"
    import { CompletionWatcher } from "./dist/index.js"
    import { PgPoolDriver } from "./dist/adapters/drivers/pg.js"
    const pool = new pg.Pool({ allowExitOnIdle: true })
    const watcher = new CompletionWatcher(new PgPoolDriver(pool))
    console.log(await watcher.waitFor("${id}"))
    process.once("exit", () => console.log(process.uptime() - ended < 3 ? "soon" : "late"))
    const ended = process.uptime()`
  const finished = await start(["--input-type=module", "-e", code], { database, folder: repository }).finished
  expect(finished).toMatchObject({ code: 0, stdout: "canceled\nsoon\n", stderr: "" })
})
