import { Queries } from "pgqueuer"
import { PostgresJsDriver } from "pgqueuer/postgres-js"
import postgres from "postgres"

const sql = postgres()
const queries = new Queries(new PostgresJsDriver(sql))

await queries.enqueue("fetch", { user: 7 })

await sql.end()
