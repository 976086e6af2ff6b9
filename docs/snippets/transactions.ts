import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

export function main() {
  const pool = new Pool({ max: 10 })
  const pgq = new PgQueuer(new PgPoolDriver(pool))

  pgq.entrypoint("charge", async (job, context) => {
    const client = await pool.connect()
    try {
      await client.query("begin")
      await client.query("insert into charge (order_id) values ($1)", [job.payload])
      await context.complete(client, { charged: true })
      await client.query("commit")
    } catch (error) {
      await client.query("rollback")
      throw error
    } finally {
      client.release()
    }
  })

  return { pgq, [Symbol.asyncDispose]: () => pool.end() }
}
