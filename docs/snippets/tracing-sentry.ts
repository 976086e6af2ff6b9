import * as Sentry from "@sentry/node"
import { Pool } from "pg"
import { PgQueuer, Queries } from "pgqueuer"
import { PgPoolDriver } from "pgqueuer/pg"
import { sentryTracing } from "pgqueuer/sentry"

Sentry.init({ dsn: process.env["SENTRY_DSN"], tracesSampleRate: 1 })

const pool = new Pool({ max: 10 })
const driver = new PgPoolDriver(pool)
const tracing = sentryTracing()

const queries = new Queries(driver, { tracing })
await Sentry.startSpan({ name: "GET /order", op: "http.server" }, () => queries.enqueue("order", { items: 2 }))

const pgq = new PgQueuer(driver, { tracing })
pgq.entrypoint("order", (job) => {
  Sentry.setTag("order", job.id) // of this run alone
  throw new Error("sold out") // sent to Sentry, in the trace of the request
})

await pgq.run({ mode: "drain" })
await Sentry.close() // sends what is left
await pool.end()
