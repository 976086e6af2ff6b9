import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api"
import type { EnqueuedJob, EnqueueTrace, RunTrace, Tracing } from "../../ports/tracing.js"
import {
  attribute,
  describeEnqueue,
  describeRun,
  failureOf,
  headerText,
  mostLinks,
  runFailure,
  type SpanFailure,
} from "./messaging.js"

/** How spans are made, which differs between OpenTelemetry itself and what is built on it. */
export interface SpanSource {
  start(name: string, options: { kind: SpanKind; attributes: Attributes; links: Link[] }, parent: Context): Span
  /** Marks a span as failed. */
  fail(span: Span, failure: SpanFailure): void
  readonly propagator: Pick<TextMapPropagator, "inject" | "extract">
}

/** Consumer spans are children of the producer's span and, as the conventions ask, linked to it, too. */
export function tracingWithSpans(source: SpanSource): Tracing {
  return {
    startEnqueue(call): EnqueueTrace {
      const { name, attributes } = describeEnqueue(call)
      const links = linksToOwnContexts(call.jobs, source)
      const span = source.start(name, { kind: SpanKind.PRODUCER, attributes, links }, context.active())
      const active = trace.setSpan(context.active(), span)
      const headers: Record<string, string> = {}
      source.propagator.inject(active, headers, setter)
      return {
        headers,
        call: (work) => context.with(active, work),
        end(how) {
          if ("error" in how) source.fail(span, failureOf(how.error))
          else if (!call.batch && how.ids[0] != null) span.setAttribute(attribute.messageId, how.ids[0])
          span.end()
        },
      }
    },
    startRun(run): RunTrace {
      const { name, attributes } = describeRun(run)
      const parent = source.propagator.extract(ROOT_CONTEXT, run.job.headers, getter)
      const links = linksTo(parent)
      const span = source.start(name, { kind: SpanKind.CONSUMER, attributes, links }, parent)
      const active = trace.setSpan(parent, span)
      return {
        call: (work) => context.with(active, work),
        end(how) {
          span.setAttribute(attribute.status, how.status)
          const failure = runFailure(how)
          if (failure !== undefined) source.fail(span, failure)
          span.end()
        },
      }
    },
  }
}

export function failSpan(span: Span, { type, message, error }: SpanFailure): void {
  span.setAttribute(attribute.errorType, type)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
  if (error !== undefined) span.recordException(error instanceof Error ? error : message)
}

/** The one that the application's SDK has registered. */
export const globalPropagator: SpanSource["propagator"] = {
  inject: (from, carrier, given) => propagation.inject(from, carrier, given),
  extract: (into, carrier, given) => propagation.extract(into, carrier, given),
}

/** Contexts that the caller put into the headers by hand. */
function linksToOwnContexts(jobs: readonly EnqueuedJob[], { propagator }: SpanSource): Link[] {
  const links = new Map<string, Link>()
  for (const { headers } of jobs) {
    if (headers === undefined) continue
    for (const link of linksTo(propagator.extract(ROOT_CONTEXT, headers, getter))) {
      if (links.size < mostLinks) links.set(`${link.context.traceId}-${link.context.spanId}`, link)
    }
  }
  return [...links.values()]
}

function linksTo(from: Context): Link[] {
  const spanContext = trace.getSpanContext(from)
  return spanContext === undefined ? [] : [{ context: spanContext }]
}

const setter = {
  set(headers: Record<string, string>, name: string, value: string): void {
    headers[name] = value
  },
}

const getter = {
  keys: (headers: unknown): string[] => Object.keys(Object(headers)),
  get: headerText,
}
