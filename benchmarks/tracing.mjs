// What tracing costs: enqueue and drain with it and without, in turn, on the built package. `node benchmarks/tracing.mjs [jobs] [rounds]`
import { context, propagation, trace } from "@opentelemetry/api"
import { BatchSpanProcessor, InMemorySpanExporter } from "@opentelemetry/sdk-trace-base"
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node"
import pg from "pg"
import { PgPoolDriver } from "../dist/adapters/drivers/pg.js"
import { startEmbeddedPostgres } from "../dist/adapters/embedded/embedded-postgres.js"
import { openTelemetryTracing } from "../dist/adapters/telemetry/opentelemetry.js"
import { PgQueuer, Queries } from "../dist/index.js"

const [jobs = 20_000, rounds = 3] = process.argv.slice(2).map(Number)
const exporter = new InMemorySpanExporter()
new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 1_000_000 })] }).register()
const logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
const server = await startEmbeddedPostgres({ settings: { shared_buffers: "256MB" }, logger })
const pool = new pg.Pool({ connectionString: server.url, max: 10 })
const driver = new PgPoolDriver(pool)

await round("warm_up", openTelemetryTracing())
for (let number = 1; number <= rounds; number++) {
  const without = await round(`without_${number}`, undefined)
  const traced = await round(`traced_${number}`, openTelemetryTracing())
  const ratio = (what) => (without[what] / traced[what]).toFixed(2)
  console.log(
    `round ${number}, traced / without: enqueue ${ratio("enqueue")}, drain ${ratio("drain")}; ${traced.spans} spans`,
  )
}
await pool.end()
await server.stop()
for (const api of [trace, context, propagation]) api.disable()

async function round(schema, tracing) {
  const options = { schema, ...(tracing === undefined ? {} : { tracing }) }
  const queries = new Queries(driver, options)
  await queries.install()
  const requests = Array.from({ length: 1_000 }, (_, user) => ({ entrypoint: "fetch", payload: { user } }))
  const enqueue = await timed(async () => {
    for (let written = 0; written < jobs; written += 1_000) await queries.enqueueMany(requests)
  })
  const pgq = new PgQueuer(driver, { ...options, logger })
  pgq.entrypoint("fetch", async () => {})
  const drain = await timed(() => pgq.run({ mode: "drain" }))
  const spans = exporter.getFinishedSpans().length
  exporter.reset()
  await queries.uninstall()
  return { enqueue, drain, spans }
}

async function timed(work) {
  const since = performance.now()
  await work()
  return performance.now() - since
}
