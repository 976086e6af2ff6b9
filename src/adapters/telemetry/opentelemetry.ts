import { type TextMapPropagator, type TracerProvider, trace } from "@opentelemetry/api"
import { anObjectWith, checkOptions } from "../../domain/options.js"
import type { Tracing } from "../../ports/tracing.js"
import { failSpan, globalPropagator, tracingWithSpans } from "./open-telemetry-spans.js"

export {
  type ObservedWorker,
  type OpenTelemetryMetricsOptions,
  openTelemetryMetrics,
} from "./open-telemetry-metrics.js"

export interface OpenTelemetryTracingOptions {
  /** Makes the tracer, named `pgqueuer`; default: the one that the application's SDK has registered. */
  readonly tracerProvider?: TracerProvider
  /** Writes the trace context into the jobs' headers and reads it; default: the one that the application's SDK has registered. */
  readonly propagator?: TextMapPropagator
}

/**
 * Traces with OpenTelemetry: a producer span for each call that enqueues, a consumer span for each run, joined through the headers
 * `traceparent`, `tracestate` and `baggage`. Give it as `tracing` to `PgQueuer` and `Queries`. It may be made before the SDK is
 * started; without an SDK it does nothing.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function openTelemetryTracing(options: OpenTelemetryTracingOptions = {}): Tracing {
  checkOptions("openTelemetryTracing", options, {
    tracerProvider: anObjectWith("getTracer"),
    propagator: anObjectWith("inject", "extract"),
  })
  const { tracerProvider = trace, propagator = globalPropagator } = options
  const tracer = tracerProvider.getTracer("pgqueuer")
  return tracingWithSpans({
    start: (name, spanOptions, parent) => tracer.startSpan(name, spanOptions, parent),
    fail: failSpan,
    propagator,
  })
}
