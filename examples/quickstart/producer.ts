// npx jiti examples/quickstart/producer.ts
import { Pool } from "pg"
import { Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))

const [id] = await queries.enqueue("fetch", { user: 7 })
console.log(`enqueued ${id}`)

const ids = await queries.enqueueMany(
  [1, 2, 3].map((user) => ({ entrypoint: "fetch", payload: { user }, priority: user, executeAfter: "100ms" })),
)
console.log(`enqueued ${ids.join(" ")}`)

await pool.end()
