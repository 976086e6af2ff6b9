import { trace } from "@opentelemetry/api"
import { BatchSpanProcessor, ConsoleSpanExporter } from "@opentelemetry/sdk-trace-base"
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node"
import { Pool } from "pg"
import { PgQueuer, Queries } from "pgqueuer"
import { openTelemetryTracing } from "pgqueuer/opentelemetry"
import { PgPoolDriver } from "pgqueuer/pg"

const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(new ConsoleSpanExporter())] })
provider.register()

const pool = new Pool({ max: 10 })
const driver = new PgPoolDriver(pool)
const tracing = openTelemetryTracing()

const queries = new Queries(driver, { tracing })
await trace.getTracer("shop").startActiveSpan("GET /order", async (span) => {
  await queries.enqueue("order", { items: 2 })
  span.end()
})

const pgq = new PgQueuer(driver, { tracing })
pgq.entrypoint("order", async (_job, context) => {
  await context.queries.enqueue("mail") // in the same trace
})
pgq.entrypoint("mail", () => {})

await pgq.run({ mode: "drain" })
await provider.shutdown() // sends what is left
await pool.end()
