import * as logfire from "@pydantic/logfire-node"
import { Pool } from "pg"
import { PgQueuer, Queries } from "pgqueuer"
import { logfireTracing } from "pgqueuer/logfire"
import { PgPoolDriver } from "pgqueuer/pg"

logfire.configure({ serviceName: "shop", sendToLogfire: "if-token-present", metrics: false })

const pool = new Pool({ max: 10 })
const driver = new PgPoolDriver(pool)
const tracing = logfireTracing()

const queries = new Queries(driver, { tracing })
await logfire.span("GET /order", { callback: () => queries.enqueue("order", { items: 2 }) })

const pgq = new PgQueuer(driver, { tracing })
pgq.entrypoint("order", (job) => {
  logfire.info("packing order {id}", { id: job.id }) // in the trace of the request
})

await pgq.run({ mode: "drain" })
await logfire.shutdown() // sends what is left
await pool.end()
