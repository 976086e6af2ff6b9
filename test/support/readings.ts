import { bucketOf, emptyHistogram, type Histogram } from "../../src/domain/histogram.js"
import type { MetricReadings, Total } from "../../src/ports/metric-store.js"
import type { EndCounts, EntrypointDepth } from "../../src/ports/rollup-store.js"

/** What the database could have answered. */
export function readings(given: Partial<MetricReadings> = {}): MetricReadings {
  return {
    schema: { version: 5, serves: 2 },
    codeVersion: 5,
    totals: [],
    depth: { entrypoints: [], others: 0, exact: true },
    limits: [],
    workers: [],
    schedules: [],
    tookMs: 12,
    ...given,
  }
}

export function total(
  entrypoint: string,
  given: Partial<Omit<Total, "ended">> & { ended?: Partial<EndCounts> } = {},
): Total {
  const ended = { successful: 0, exception: 0, failed: 0, canceled: 0, deleted: 0, ...given.ended }
  const none = { retried: 0, rescued: 0, runs: emptyHistogram, waits: emptyHistogram }
  return { entrypoint, ...none, ...given, ended }
}

/** By status, how many; and for how many milliseconds the oldest one has waited. */
export function depth(
  entrypoint: string,
  counts: Partial<Record<"queued" | "deferred" | "picked" | "failed", number>>,
  oldestWaitMs: number | null = null,
): EntrypointDepth {
  const count = (status: keyof typeof counts) => ({ count: counts[status] ?? 0, exact: true })
  return {
    entrypoint,
    queued: count("queued"),
    deferred: count("deferred"),
    picked: count("picked"),
    failed: count("failed"),
    oldestWaitMs,
  }
}

/** Of lengths of time in milliseconds. */
export function histogram(...values: readonly number[]): Histogram {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(bucketOf(value), (counts.get(bucketOf(value)) ?? 0) + 1)
  return {
    count: values.length,
    sum: values.reduce((sum, value) => sum + value, 0),
    buckets: [...counts].sort(([a], [b]) => a - b),
  }
}
