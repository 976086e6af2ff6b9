import { context } from "@opentelemetry/api"
import * as logfire from "@pydantic/logfire-node"
import type { Tracing } from "../../ports/tracing.js"
import { failSpan, globalPropagator, tracingWithSpans } from "./open-telemetry-spans.js"

/**
 * Traces with Logfire: the spans of `openTelemetryTracing`, made by Logfire's own API, so that its levels, tags and scrubbing hold.
 * Give it as `tracing` to `PgQueuer` and `Queries`, after `logfire.configure`.
 */
export function logfireTracing(): Tracing {
  return tracingWithSpans({
    start(name, { kind, attributes, links }, parent) {
      const template = name.replace(/[{}]/g, "$&$&")
      const span = context.with(parent, () => logfire.startSpan(template, attributes, { kind }))
      if (template !== name) span.updateName(name)
      return span.addLinks(links)
    },
    fail(span, failure) {
      failSpan(span, failure)
      span.setAttribute("logfire.level_num", logfire.Level.Error)
    },
    propagator: globalPropagator,
  })
}
