import { Client, Pool } from "pg"
import { PgQueuer, Queries } from "pgqueuer"
import { PgDriver, PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool({ max: 10 })
const pgq = new PgQueuer(new PgPoolDriver(pool))
const queries = new Queries(new PgPoolDriver(pool))

const client = new Client() // connected at the first use
const onOneConnection = new Queries(new PgDriver(client))
await onOneConnection.queueSize()

const lent = await pool.connect()
try {
  await lent.query("begin")
  await queries.enqueue("fetch", { user: 7 }, { transaction: lent })
  await new Queries(PgDriver.inTransaction(lent)).enqueue("fetch", { user: 8 }) // the same, for more than one call
  await lent.query("commit")
} catch (error) {
  await lent.query("rollback")
  throw error
} finally {
  lent.release()
}

pgq.entrypoint("fetch", () => {})
await pgq.run({ mode: "drain" })
await client.end()
await pool.end()
