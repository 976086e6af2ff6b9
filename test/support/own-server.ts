import { readFile } from "node:fs/promises"
import pg from "pg"
import { expect, onTestFinished } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/adapters/embedded/embedded-postgres.js"
import { defaultPlacement } from "../../src/domain/names.js"
import { Queries } from "../../src/queries.js"
import { findBreaches } from "./invariant.js"

/** A server and a queue for one test alone, which may restart it, set it up differently and read its log. */
export interface OwnServer {
  readonly server: EmbeddedPostgres
  readonly pool: pg.Pool
  readonly driver: PgPoolDriver
  readonly queries: Queries
  /** What the server has logged. */
  log(): Promise<string>
}

/**
 * Starts a server of the PostgreSQL that the tests run on; it ends with the test.
 *
 * @param checked - whether the jobs' places are checked at the end
 */
export async function startOwnServer(
  settings: Readonly<Record<string, string>> = {},
  checked = true,
): Promise<OwnServer> {
  const binDirectory = process.env["PGQUEUER_TEST_BIN"] || undefined
  const server = await startEmbeddedPostgres({ settings, binDirectory })
  onTestFinished(() => server.stop())
  const pool = new pg.Pool({ connectionString: server.url, max: 6 })
  pool.on("error", () => {})
  onTestFinished(() => pool.end())
  if (checked) onTestFinished(async () => void expect(await findBreaches(pool, defaultPlacement)).toEqual([]))
  const driver = new PgPoolDriver(pool)
  const queries = new Queries(driver)
  await queries.install()
  return { server, pool, driver, queries, log: () => readFile(server.logFile, "utf8") }
}
