import { boundsMs, type Histogram } from "../../domain/histogram.js"
import type { Batches, Vitals } from "../../ports/vitals.js"

/** What a worker said of itself, which anybody may have written over: null where it makes no sense. */
export function readVitals(json: string | null): Vitals | null {
  const value: unknown = json === null ? null : JSON.parse(json)
  return isVitals(value) ? value : null
}

function isVitals(value: unknown): value is Vitals {
  const { claims, acknowledgements, listen, ...rest } = Object(value) as Partial<Vitals>
  const counts: readonly (keyof typeof rest)[] = [
    "running",
    "waiting",
    "eventLoopLagMs",
    "worstEventLoopLagMs",
    "memoryBytes",
    "cpuMs",
    "leaseLosses",
  ]
  return (
    typeof listen === "string" &&
    isBatches(claims) &&
    isBatches(acknowledgements) &&
    counts.every((name) => isAmount(rest[name]))
  )
}

function isBatches(value: unknown): value is Batches {
  const { jobs, sizes, times } = Object(value) as Partial<Batches>
  return isAmount(jobs) && isHistogram(sizes) && isHistogram(times)
}

function isHistogram(value: unknown): value is Histogram {
  const { count, sum, buckets } = Object(value) as Partial<Histogram>
  return isAmount(count) && isAmount(sum) && Array.isArray(buckets) && buckets.every(isBucket)
}

function isBucket(value: unknown): boolean {
  return Array.isArray(value) && isAmount(value[0]) && value[0] <= boundsMs.length && isAmount(value[1])
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isFinite(value)
}
