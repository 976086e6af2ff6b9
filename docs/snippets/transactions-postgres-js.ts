import { PgQueuer } from "pgqueuer"
import { PostgresJsDriver } from "pgqueuer/postgres-js"
import postgres from "postgres"

export function main() {
  const sql = postgres({ max: 10 })
  const pgq = new PgQueuer(new PostgresJsDriver(sql))

  pgq.entrypoint("charge", (job, context) =>
    sql.begin(async (transaction) => {
      await transaction`insert into charge (order_id) values (${job.payload as string})`
      await context.complete(transaction, { charged: true })
    }),
  )

  return { pgq, [Symbol.asyncDispose]: () => sql.end() }
}
