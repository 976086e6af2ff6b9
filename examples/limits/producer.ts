// npx jiti examples/limits/producer.ts
import { Pool } from "pg"
import { Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"

const pool = new Pool()
const queries = new Queries(new PgPoolDriver(pool))

for (const entrypoint of ["convert", "book", "call_api"]) {
  await queries.enqueueMany([1, 2, 3, 4, 5, 6].map((payload) => ({ entrypoint, payload })))
}

for (const { entrypoint, concurrencyLimit, requestsPerSecond } of await queries.limits()) {
  console.log(`${entrypoint}: ${concurrencyLimit.effective} at once, ${requestsPerSecond.effective} a second`)
}

await pool.end()
