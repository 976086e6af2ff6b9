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
import type { EnqueuedJob, EnqueueTrace, RunEnd, RunTrace, StartedRun, Tracing } from "../../ports/tracing.js"
import {
  attribute,
  describeEnqueue,
  describeRun,
  describeTick,
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
  const contexts = new HeaderContexts(source.propagator)
  return {
    startEnqueue(call): EnqueueTrace {
      const { name, attributes } = describeEnqueue(call)
      const links = linksToOwnContexts(call.jobs, source)
      const parent = call.schedule === undefined ? context.active() : ROOT_CONTEXT
      const span = source.start(name, { kind: SpanKind.PRODUCER, attributes, links }, parent)
      const active = trace.setSpan(parent, span)
      const headers: Record<string, string> = {}
      source.propagator.inject(active, headers, setter)
      return {
        headers,
        call: (work) => context.with(active, work),
        end(how) {
          // A span that never ends is never exported.
          if ("ids" in how && how.ids.length === 0) return
          if ("error" in how) source.fail(span, failureOf(how.error))
          else if (!call.batch && how.ids[0] != null) span.setAttribute(attribute.messageId, how.ids[0])
          span.end()
        },
      }
    },
    startRun(run): RunTrace {
      const { name, attributes } = describeRun(run)
      const { parent, links } = contexts.of(run)
      const span = source.start(name, { kind: SpanKind.CONSUMER, attributes, links }, parent)
      return new SpanRun(span, trace.setSpan(parent, span), source)
    },
    startTick(tick): RunTrace {
      const { name, attributes } = describeTick(tick)
      const span = source.start(name, { kind: SpanKind.CONSUMER, attributes, links: [] }, ROOT_CONTEXT)
      return new SpanRun(span, trace.setSpan(ROOT_CONTEXT, span), source)
    },
  }
}

class SpanRun implements RunTrace {
  readonly #span: Span
  readonly #active: Context
  readonly #source: SpanSource

  constructor(span: Span, active: Context, source: SpanSource) {
    this.#span = span
    this.#active = active
    this.#source = source
  }

  call<T>(work: () => T): T {
    return context.with(this.#active, work)
  }

  end(how: RunEnd): void {
    this.#span.setAttribute(attribute.status, how.status)
    const failure = runFailure(how)
    if (failure !== undefined) this.#source.fail(this.#span, failure)
    this.#span.end()
  }
}

/** What the headers of a job say. Those of a batch say the same, one after the other. */
class HeaderContexts {
  readonly #propagator: SpanSource["propagator"]
  #text: string | null | undefined
  #last: { readonly parent: Context; readonly links: Link[] } | undefined

  constructor(propagator: SpanSource["propagator"]) {
    this.#propagator = propagator
  }

  of({ job, headersText }: StartedRun): { readonly parent: Context; readonly links: Link[] } {
    if (this.#last !== undefined && this.#text === headersText) return this.#last
    const parent = this.#propagator.extract(ROOT_CONTEXT, job.headers, getter)
    this.#last = { parent, links: linksTo(parent) }
    this.#text = headersText
    return this.#last
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
