import { Queries } from "pgqueuer"
import { PostgresJsDriver } from "pgqueuer/postgres-js"
import postgres from "postgres"

const sql = postgres({ max: 10 })
const queries = new Queries(new PostgresJsDriver(sql))

await sql.begin(async (transaction) => {
  await transaction`select 1`
  await queries.enqueue("fetch", { user: 7 }, { transaction })
})

await sql.end()
