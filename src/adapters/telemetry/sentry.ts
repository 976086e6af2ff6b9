import * as Sentry from "@sentry/node"
import { aBoolean, checkOptions } from "../../domain/options.js"
import type { EnqueueTrace, RunEnd, RunTrace, StartedRun, StartedTick, Tracing } from "../../ports/tracing.js"
import {
  attribute,
  describeEnqueue,
  describeRun,
  describeTick,
  failureOf,
  headerText,
  runFailure,
  type SpanDescription,
  systemName,
} from "./messaging.js"
import { sentryTraceOf, spanLinks } from "./sentry-headers.js"

export interface SentryTracingOptions {
  /** Also sends errors after which a job is run again; default false: the error that ends a job is sent, once. */
  readonly captureRetries?: boolean
}

/**
 * Traces with Sentry: a `queue.publish` span for each call that enqueues, a `queue.process` span for each run, with the data that
 * Sentry's queue pages show, and the errors of jobs that failed for good. Joined through the headers `sentry-trace`, `baggage` and
 * `traceparent`. Give it as `tracing` to `PgQueuer` and `Queries`; without `Sentry.init` it does nothing.
 *
 * Each run has an isolation scope of its own, made from the one in which this function was called.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function sentryTracing(options: SentryTracingOptions = {}): Tracing {
  checkOptions("sentryTracing", options, { captureRetries: aBoolean })
  const { captureRetries = false } = options
  const base = { isolation: Sentry.getIsolationScope(), current: Sentry.getCurrentScope() }
  const isSent = ({ status }: RunEnd) =>
    status === "exception" || status === "failed" || (captureRetries && status === "deferred")
  return {
    startEnqueue(call): EnqueueTrace {
      const { name, attributes } = describeEnqueue(call)
      const start = () =>
        Sentry.startInactiveSpan({
          name,
          op: "queue.publish",
          attributes: {
            ...attributes,
            ...sentryAttributes("producer"),
            ...(call.batch ? {} : { [sentryAttribute.bodySize]: call.jobs[0]!.payloadBytes }),
          },
          links: spanLinks(call.jobs),
        })
      const span =
        call.schedule === undefined ? start() : inScope(base.isolation.clone(), () => continueTrace({}, start))
      return {
        headers: traceHeaders(span),
        call: (work) => Sentry.withActiveSpan(span, work),
        end(how) {
          // A span that never ends is never sent.
          if ("ids" in how && how.ids.length === 0) return
          if ("error" in how) failSpan(span, failureOf(how.error).type)
          else if (!call.batch && how.ids[0] != null) span.setAttribute(attribute.messageId, how.ids[0])
          span.end()
        },
      }
    },
    startRun(run): RunTrace {
      const { id, entrypoint, attempt, headers } = run.job
      return startConsumer({ ...runSpan(run), headers, about: ["job", { id, entrypoint, attempt }] })
    },
    startTick(tick): RunTrace {
      const { schedule, attempt } = tick
      const about = { schedule, tick: tick.tick.toISOString(), attempt }
      return startConsumer({ ...tickSpan(tick), headers: {}, about: ["schedule", about] })
    },
  }

  function startConsumer({ name, attributes, headers, about }: Consumer): RunTrace {
    const isolation = base.isolation.clone()
    isolation.setTransactionName(name)
    isolation.setContext(...about)
    const within = <T>(work: () => T): T => inScope(isolation, work)
    const span = within(() =>
      continueTrace(headers, () => Sentry.startInactiveSpan({ name, op: "queue.process", attributes })),
    )
    return {
      call: (work) => within(() => Sentry.withActiveSpan(span, work)),
      end(how) {
        span.setAttribute(attribute.status, how.status)
        const failure = runFailure(how)
        if (failure !== undefined) {
          failSpan(span, failure.type)
          if (isSent(how)) within(() => Sentry.withActiveSpan(span, () => capture(failure.error)))
        }
        span.end()
      },
    }
  }

  /** What is current here may be left over from another job: a timer that its handler has set can lead here. */
  function inScope<T>(isolation: Sentry.Scope, work: () => T): T {
    return Sentry.withIsolationScope(isolation, () => Sentry.withScope(base.current.clone(), work))
  }
}

interface Consumer extends SpanDescription {
  readonly headers: Readonly<Record<string, unknown>>
  /** What errors are shown with. */
  readonly about: [name: string, context: Record<string, unknown>]
}

/** Beside those of OpenTelemetry; Sentry knows the system by its older name. */
const sentryAttribute = {
  system: "messaging.system",
  bodySize: "messaging.message.body.size",
  latency: "messaging.message.receive.latency",
  retries: "messaging.message.retry.count",
} as const

function sentryAttributes(side: "producer" | "consumer") {
  return { [sentryAttribute.system]: systemName, "sentry.origin": `auto.queue.pgqueuer.${side}` } as const
}

/** Goes on with the trace that the headers name, or begins one. */
function continueTrace<T>(headers: Readonly<Record<string, unknown>>, work: () => T): T {
  return Sentry.continueTrace({ sentryTrace: sentryTraceOf(headers), baggage: headerText(headers, "baggage") }, work)
}

function runSpan(run: StartedRun): SpanDescription {
  const { name, attributes } = describeRun(run)
  const { attempt, createdAt } = run.job
  return {
    name,
    attributes: {
      ...attributes,
      ...sentryAttributes("consumer"),
      [sentryAttribute.bodySize]: run.payloadBytes,
      [sentryAttribute.retries]: attempt - 1,
      [sentryAttribute.latency]: Math.max(0, Date.now() - createdAt.getTime()),
    },
  }
}

function tickSpan(tick: StartedTick): SpanDescription {
  const { name, attributes } = describeTick(tick)
  return { name, attributes: { ...attributes, ...sentryAttributes("consumer") } }
}

function traceHeaders(span: Sentry.Span): Record<string, string> {
  const {
    "sentry-trace": sentryTrace,
    baggage,
    traceparent,
  } = Sentry.getTraceData({ span, propagateTraceparent: true })
  return {
    ...(sentryTrace === undefined ? {} : { "sentry-trace": sentryTrace }),
    ...(baggage === undefined ? {} : { baggage }),
    ...(traceparent === undefined ? {} : { traceparent }),
  }
}

function failSpan(span: Sentry.Span, type: string): void {
  span.setAttribute(attribute.errorType, type)
  span.setStatus({ code: statusError, message: "internal_error" })
}

/** `SPAN_STATUS_ERROR`, which `@sentry/node` does not export. */
const statusError = 2

function capture(error: unknown): void {
  Sentry.captureException(error, { mechanism: { handled: false, type: "auto.queue.pgqueuer" } })
}
