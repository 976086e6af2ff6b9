import type { startInactiveSpan } from "@sentry/node"
import type { EnqueuedJob } from "../../ports/tracing.js"
import { headerText, mostLinks } from "./messaging.js"

type SpanLinks = NonNullable<Parameters<typeof startInactiveSpan>[0]["links"]>

/** The trace that the headers carry, as Sentry writes it; made of W3C's `traceparent` where Sentry did not enqueue the job. */
export function sentryTraceOf(headers: unknown): string | undefined {
  const context = contextOf(headers)
  if (context === undefined) return undefined
  const { traceId, spanId, sampled } = context
  return `${traceId}-${spanId}${sampled === undefined ? "" : sampled ? "-1" : "-0"}`
}

/** Links to the trace contexts that callers put into the headers by hand. */
export function spanLinks(jobs: readonly EnqueuedJob[]): SpanLinks {
  return jobs
    .flatMap(({ headers }) => contextOf(headers) ?? [])
    .slice(0, mostLinks)
    .map(({ traceId, spanId, sampled }) => ({ context: { traceId, spanId, traceFlags: sampled === true ? 1 : 0 } }))
}

function contextOf(headers: unknown) {
  const match =
    /^([0-9a-f]{32})-([0-9a-f]{16})(?:-([01]))?$/.exec(headerText(headers, "sentry-trace") ?? "") ??
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]([0-9a-f])/.exec(headerText(headers, "traceparent") ?? "")
  if (match === null) return undefined
  const [, traceId, spanId, flag] = match
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return undefined
  return { traceId: traceId!, spanId: spanId!, sampled: flag === undefined ? undefined : isOdd(flag) }
}

function isOdd(hexDigit: string): boolean {
  return Number.parseInt(hexDigit, 16) % 2 === 1
}
