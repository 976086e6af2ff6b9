import { randomBytes } from "node:crypto"
import pg from "pg"
import { inject, onTestFinished } from "vitest"

/** What a test needs of the server: its URL, and a schema that no other test uses. */
export interface TestDatabase {
  readonly url: string
  /** `t_` and random letters. Not created here; dropped with all it holds when the test has finished. */
  readonly schema: string
  /** A new pool, ended when the test has finished. */
  pool(options?: pg.PoolConfig): pg.Pool
}

/**
 * To be called inside a test, first of all: what is registered with `onTestFinished` later, like the stop of a worker,
 * runs before the schema is dropped.
 */
export function testDatabase(): TestDatabase {
  const url = inject("databaseUrl")
  const schema = `t_${randomBytes(8).toString("hex")}`
  const pools: pg.Pool[] = []
  onTestFinished(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await dropSchema(url, schema)
  })
  return {
    url,
    schema,
    pool(options) {
      const pool = new pg.Pool({ connectionString: url, max: 4, ...options })
      pool.on("error", () => {})
      pools.push(pool)
      return pool
    },
  }
}

async function dropSchema(url: string, schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    // A transaction that a test left open fails the test, and not the whole run.
    await client.query("set lock_timeout = '5s'")
    await client.query(`drop schema if exists ${schema} cascade`)
  } finally {
    await client.end()
  }
}
