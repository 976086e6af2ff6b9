/**
 * How often a length of time (or, where it is said, a number of jobs) fell into which bucket: sparse, by the bucket's number, so that histograms of
 * any two places and times can be added. Bucket 0 is below the first bound, bucket n from bound n - 1 (included) to bound n.
 */
export interface Histogram {
  readonly count: number
  /** Of all lengths of time, in milliseconds. */
  readonly sum: number
  /** Bucket and count, in ascending order of buckets. */
  readonly buckets: readonly (readonly [bucket: number, count: number])[]
}

/** What a histogram says in short, in milliseconds; null where nothing was counted. */
export interface Spread {
  readonly count: number
  readonly meanMs: number | null
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
}

/** The preferred numbers of ISO 3, series R10: ten steps of about 26 % for each power of ten, with 1, 2.5 and 5 among them. */
const series = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8]

/** The bounds between buckets in milliseconds, from 0.1 ms to 10^9 ms (eleven days). */
export const boundsMs: readonly number[] = [
  ...Array.from({ length: 10 }, (_, decade) => series.map((step) => step * 10 ** decade)).flat(),
  10 ** 10,
].map((bound) => Math.round(bound * 1_000) / 10_000)

export const emptyHistogram: Histogram = { count: 0, sum: 0, buckets: [] }

/** The number of the bucket that a length of time falls into. */
export function bucketOf(milliseconds: number): number {
  let low = 0
  let high = boundsMs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (boundsMs[middle]! <= milliseconds) low = middle + 1
    else high = middle
  }
  return low
}

/** Counts lengths of time one by one. */
export class HistogramBuilder {
  readonly #counts = new Map<number, number>()
  #count = 0
  #sum = 0

  add(milliseconds: number): void {
    const bucket = bucketOf(milliseconds)
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
    this.#count++
    this.#sum += milliseconds
  }

  get histogram(): Histogram {
    return { count: this.#count, sum: this.#sum, buckets: inOrder(this.#counts) }
  }
}

/** All of both. */
export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const counts = new Map(a.buckets)
  for (const [bucket, count] of b.buckets) counts.set(bucket, (counts.get(bucket) ?? 0) + count)
  return { count: a.count + b.count, sum: a.sum + b.sum, buckets: inOrder(counts) }
}

function inOrder(counts: ReadonlyMap<number, number>): Histogram["buckets"] {
  return [...counts].sort(([one], [other]) => one - other)
}

/** How many were at most so long; exact where it is one of the bounds. */
export function countUpTo(histogram: Histogram, milliseconds: number): number {
  const last = bucketOf(milliseconds)
  return histogram.buckets.reduce((sum, [bucket, count]) => (bucket < last ? sum + count : sum), 0)
}

/**
 * The length of time that a share of all did not exceed, interpolated within its bucket: off by 13 % at most, half a step of the bounds.
 *
 * @param share - 0 to 1: 0.95 for the 95th percentile
 * @returns milliseconds, or null when nothing was counted
 */
export function quantile({ count, buckets }: Histogram, share: number): number | null {
  if (count === 0) return null
  const wanted = share * count
  let below = 0
  for (const [bucket, size] of buckets) {
    if (below + size >= wanted) {
      const low = bucket === 0 ? 0 : boundsMs[bucket - 1]!
      const high = boundsMs[bucket] ?? low
      return low + ((wanted - below) / size) * (high - low)
    }
    below += size
  }
  return boundsMs[buckets.at(-1)![0]] ?? boundsMs.at(-1)!
}

export function spreadOf(histogram: Histogram): Spread {
  const { count, sum } = histogram
  return {
    count,
    meanMs: count === 0 ? null : sum / count,
    p50Ms: quantile(histogram, 0.5),
    p95Ms: quantile(histogram, 0.95),
    p99Ms: quantile(histogram, 0.99),
  }
}
