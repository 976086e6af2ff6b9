import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api"
import { inMemory } from "./loads.mjs"

/** Prints what OpenTelemetry takes for the spans of runs, made by hand, a hundred at a time as a worker has them. */
export async function bareSpans(jobs) {
  const { provider, exporter } = await inMemory()
  provider.register()
  const tracer = trace.getTracer("bare")
  const withSpan = async (id) => {
    const headers = JSON.parse('{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}')
    const parent = propagation.extract(ROOT_CONTEXT, headers)
    const links = [{ context: trace.getSpanContext(parent) }]
    const attributes = attributesOf(id)
    const span = tracer.startSpan("process fetch", { kind: SpanKind.CONSUMER, attributes, links }, parent)
    await context.with(trace.setSpan(parent, span), handler)
    span.setAttribute("pgqueuer.job.status", "successful")
    span.end()
  }
  for (let round = 1; round <= 4; round++) {
    const without = await microsPerJob(jobs, handler)
    const spans = await microsPerJob(jobs, withSpan)
    await provider.forceFlush()
    console.log(
      `round ${round}: ${(spans - without).toFixed(1)} µs of CPU a span; ${exporter.getFinishedSpans().length} spans`,
    )
    exporter.reset()
  }
}

async function microsPerJob(jobs, run) {
  const since = process.cpuUsage()
  for (let first = 0; first < jobs; first += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => run(first + index)))
    if (first % 1_000 === 0) await new Promise(setImmediate)
  }
  const { user, system } = process.cpuUsage(since)
  return (user + system) / jobs
}

async function handler() {}

function attributesOf(id) {
  return {
    "messaging.system.name": "pgqueuer",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": "fetch",
    "messaging.message.id": String(id),
    "pgqueuer.job.attempt": 1,
    "pgqueuer.job.priority": 0,
  }
}
