import { PGlite } from "@electric-sql/pglite"
import pg from "pg"
import postgres from "postgres"
import { PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { PgliteDriver } from "../../src/adapters/drivers/pglite.js"
import { PostgresJsDriver } from "../../src/adapters/drivers/postgres-js.js"
import { SyncPgDriver } from "../../src/adapters/drivers/sync-pg.js"
import type { Driver } from "../../src/ports/driver.js"

// Compiled, never run: the clients' own types fit the shapes that the drivers ask for.

export async function clientsFit(): Promise<Driver[]> {
  const client = new pg.Client()
  const pool = new pg.Pool()
  const lent = await pool.connect()
  const plain = postgres()
  const typed = postgres({ types: { bigint: postgres.BigInt }, transform: postgres.camel })
  const database = await PGlite.create()
  return [
    new PgDriver(client),
    new PgDriver(lent, { prepare: false, listenUrl: "postgres://host/database" }),
    PgDriver.inTransaction(client),
    PgDriver.inTransaction(lent, { prepare: false }),
    new PgPoolDriver(pool, { prepare: false }),
    new PostgresJsDriver(plain),
    new PostgresJsDriver(typed, { prepare: false }),
    new PgliteDriver(database),
    ...(await plain.begin(async (transaction) => [PostgresJsDriver.inTransaction(transaction)])),
    ...(await typed.begin(async (transaction) => [PostgresJsDriver.inTransaction(transaction)])),
    ...(await database.transaction(async (transaction) => [PgliteDriver.inTransaction(transaction)])),
  ]
}

export function mistakesDoNotCompile(pool: pg.Pool, client: pg.Client, sql: postgres.Sql): void {
  // @ts-expect-error a pool is no client
  new PgDriver(pool)
  // @ts-expect-error a client is no pool
  new PgPoolDriver(client)
  // @ts-expect-error the options have other names
  new PgPoolDriver(pool, { prepared: false })
  // @ts-expect-error postgres.js is not pg
  new PgPoolDriver(sql)
  // @ts-expect-error an instance is no transaction
  PostgresJsDriver.inTransaction(sql)
  // @ts-expect-error a transaction is no instance
  void sql.begin(async (transaction) => new PostgresJsDriver(transaction))
  // @ts-expect-error a blocking driver is no driver for workers
  const driver: Driver = new SyncPgDriver("postgres://")
  void driver
}
