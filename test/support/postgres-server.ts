import type { TestProject } from "vitest/node"
import { startEmbeddedPostgres } from "../../src/adapters/embedded/embedded-postgres.js"

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser's URL of the one server that the whole run shares. */
    databaseUrl: string
  }
}

const settings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "300",
  shared_buffers: "256MB",
  log_min_messages: "fatal",
  log_min_error_statement: "panic",
}

/**
 * The server for the tests: the one at PGQUEUER_TEST_URL, else an embedded one that ends with the run,
 * of the PostgreSQL in PGQUEUER_TEST_BIN when another version than the installed one shall be tested.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["PGQUEUER_TEST_URL"]
  if (given !== undefined && given !== "") {
    project.provide("databaseUrl", given)
    return undefined
  }
  const binDirectory = process.env["PGQUEUER_TEST_BIN"] || undefined
  const server = await startEmbeddedPostgres({ settings, binDirectory, logger: console })
  project.provide("databaseUrl", server.url)
  return () => server.stop()
}
