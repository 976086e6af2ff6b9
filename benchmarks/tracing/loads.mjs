/** By name: starts an SDK that sends nothing; answers with a tracing and with how many spans it has seen. */
export const loads = {
  none: async () => ({ tracing: undefined, spans: () => 0 }),

  async opentelemetry() {
    const { provider, exporter } = await inMemory()
    provider.register()
    const { openTelemetryTracing } = await import("../../dist/adapters/telemetry/opentelemetry.js")
    return { tracing: openTelemetryTracing(), spans: () => seen(provider, exporter) }
  },

  async sentry() {
    const Sentry = await import("@sentry/node")
    let count = 0
    const send = async ([, items]) => {
      for (const [{ type, item_count: many = 1 }] of items) if (type === "span") count += many
      return {}
    }
    Sentry.init({
      dsn: "http://key@127.0.0.1/1",
      tracesSampleRate: 1,
      transport: () => ({ send, flush: async () => true }),
    })
    const { sentryTracing } = await import("../../dist/adapters/telemetry/sentry.js")
    const spans = async () => {
      await Sentry.flush()
      return count
    }
    return { tracing: sentryTracing(), spans }
  },

  async logfire() {
    const { SimpleSpanProcessor, InMemorySpanExporter } = await import("@opentelemetry/sdk-trace-base")
    const logfire = await import("@pydantic/logfire-node")
    const exporter = new InMemorySpanExporter()
    logfire.configure({
      sendToLogfire: false,
      console: false,
      metrics: false,
      additionalSpanProcessors: [new SimpleSpanProcessor(exporter)],
    })
    const { logfireTracing } = await import("../../dist/adapters/telemetry/logfire.js")
    return { tracing: logfireTracing(), spans: () => exporter.getFinishedSpans().length }
  },
}

export async function inMemory() {
  const { BatchSpanProcessor, InMemorySpanExporter } = await import("@opentelemetry/sdk-trace-base")
  const { NodeTracerProvider } = await import("@opentelemetry/sdk-trace-node")
  const exporter = new InMemorySpanExporter()
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 1_000_000 })
  return { provider: new NodeTracerProvider({ spanProcessors: [processor] }), exporter }
}

async function seen(provider, exporter) {
  await provider.forceFlush()
  return exporter.getFinishedSpans().length
}
