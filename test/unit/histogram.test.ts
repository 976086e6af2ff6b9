import fc from "fast-check"
import { expect, it } from "vitest"
import {
  boundsMs,
  bucketOf,
  countUpTo,
  emptyHistogram,
  type Histogram,
  mergeHistograms,
  quantile,
  spreadOf,
} from "../../src/domain/histogram.js"

const times = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { maxLength: 200 })

function histogramOf(milliseconds: readonly number[]): Histogram {
  return milliseconds
    .map((time): Histogram => ({ count: 1, sum: time, buckets: [[bucketOf(time), 1]] }))
    .reduce(mergeHistograms, emptyHistogram)
}

it("has bounds that grow by about a quarter, with 1, 2.5 and 5 of every power of ten among them", () => {
  for (let index = 1; index < boundsMs.length; index++) {
    expect(boundsMs[index]! / boundsMs[index - 1]!).toBeCloseTo(1.26, 1)
  }
  for (const power of [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]) {
    expect(boundsMs).toEqual(expect.arrayContaining([power, 2.5 * power, 5 * power]))
  }
  expect([boundsMs[0], boundsMs.at(-1)]).toEqual([0.1, 1e9])
})

it("puts a time between the bounds of its bucket", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e10, noNaN: true }), (time) => {
      const bucket = bucketOf(time)
      expect(time).toBeGreaterThanOrEqual(bucket === 0 ? 0 : boundsMs[bucket - 1]!)
      expect(time).toBeLessThan(boundsMs[bucket] ?? Number.POSITIVE_INFINITY)
    }),
  )
})

it("merges in any order to the histogram of all", () => {
  fc.assert(
    fc.property(times, times, (one, other) => {
      const merged = mergeHistograms(histogramOf(one), histogramOf(other))
      const whole = histogramOf([...other, ...one])
      expect(merged.buckets).toEqual(whole.buckets)
      expect(merged.count).toBe(one.length + other.length)
      expect(merged.sum).toBeCloseTo(whole.sum, 3)
    }),
  )
})

it("counts up to a bound exactly", () => {
  fc.assert(
    fc.property(times, fc.constantFrom(...boundsMs), (all, bound) => {
      expect(countUpTo(histogramOf(all), bound)).toBe(all.filter((time) => time < bound).length)
    }),
  )
})

it("finds a quantile within its bucket", () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
      const found = quantile(histogramOf(all), share)
      if (all.length === 0) {
        expect(found).toBeNull()
        return
      }
      const exact = [...all].sort((a, b) => a - b)[Math.ceil(share * all.length) - 1]!
      const bucket = bucketOf(exact)
      expect(found).toBeGreaterThanOrEqual(bucket === 0 ? 0 : boundsMs[bucket - 1]! * 0.999_999)
      expect(found).toBeLessThanOrEqual(boundsMs[bucket]! * 1.000_001)
    }),
  )
})

it("says nothing of what was not counted", () => {
  expect(spreadOf(emptyHistogram)).toEqual({ count: 0, meanMs: null, p50Ms: null, p95Ms: null, p99Ms: null })
})
