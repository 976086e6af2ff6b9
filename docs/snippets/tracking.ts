import { Pool } from "pg"
import { CompletionWatcher, PgQueuer, PgQueuerError, Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool({ max: 10 })
const driver = new PgPoolDriver(pool)

const pgq = new PgQueuer(driver)
pgq.entrypoint("import", async (job, { progress, log }) => {
  const rows = job.payload as readonly string[]
  log.info("importing", { rows: rows.length })
  for (const [done] of rows.entries()) {
    progress({ done, of: rows.length })
    // …
  }
  return { imported: rows.length }
})
const running = pgq.run()

const queries = new Queries(driver)
const watcher = new CompletionWatcher(driver)

const [id] = await queries.enqueue("import", ["ada", "grace"])
const status = await watcher.waitFor(id!, { timeout: "30s" }) // "successful", "exception", "failed", "canceled" or "deleted"
const result = await watcher.result(id!) // { imported: 2 }

const ids = await queries.enqueueMany([
  { entrypoint: "import", payload: [] },
  { entrypoint: "import", payload: ["alan"] },
])
const ends = await watcher.waitForAll(ids) // a Map from id to status, in the order of the ids

try {
  await watcher.result(id!, { timeout: "30s", signal: AbortSignal.timeout(60_000) })
} catch (error) {
  if (!(error instanceof PgQueuerError)) throw error
  error.code // "PGQ_JOB_NOT_SUCCESSFUL", "PGQ_TIMEOUT", "PGQ_ABORTED", "PGQ_JOB_UNKNOWN", …
}

const far = await queries.progress(id!) // { value: { done: 1, of: 2 }, attempt: 1, updatedAt: … }
const lines = await queries.logs(id!) // [{ id, attempt, level: "info", message: "importing", fields: { rows: 2 }, loggedAt }]
const later = await queries.logs(id!, { after: lines.at(-1)!.id, limit: 100 })

await watcher.close()
await pgq.stop()
await running
await pool.end()

export { ends, far, later, result, status }
