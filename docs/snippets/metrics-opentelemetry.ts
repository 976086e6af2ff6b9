import { metrics } from "@opentelemetry/api"
import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { Pool } from "pg"
import { PgQueuer } from "pgqueuer"
import { openTelemetryMetrics } from "pgqueuer/opentelemetry"
import { PgPoolDriver } from "pgqueuer/pg"

const reader = new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })
const provider = new MeterProvider({ readers: [reader] })
metrics.setGlobalMeterProvider(provider)

const pool = new Pool()
const pgq = new PgQueuer(new PgPoolDriver(pool))
pgq.entrypoint("mail", () => {})

const _queue = openTelemetryMetrics(pgq.queries) // of the whole queue: in one process
const _runs = openTelemetryMetrics(pgq) // of this worker's jobs: in every worker

await pgq.queries.enqueue("mail")
await pgq.run({ mode: "drain" })
await provider.shutdown() // exports what is left
await pool.end()
