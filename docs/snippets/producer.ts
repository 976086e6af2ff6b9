import { Pool } from "pg"
import { Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))

await queries.enqueue("fetch", { user: 7 })

await pool.end()
