import fc from "fast-check"
import { expect, it } from "vitest"
import { Prefetch, type PrefetchLimits } from "../../src/app/worker/prefetch.js"

/** So many jobs, one after the other, that ran so long each while so many ran at once. */
function worked(jobs: number, runMs: number, atOnce: number): { prefetch: Prefetch; now: number } {
  const prefetch = new Prefetch()
  let now = 1_000
  for (let n = 0; n < jobs; n++) {
    now += runMs / atOnce
    prefetch.record("a", runMs, now)
  }
  return { prefetch, now }
}

function limits(tasks: number): PrefetchLimits {
  return { tasks, most: 1_000, longRuns: 0, isBounded: () => false }
}

it("takes nothing ahead before it knows how long jobs take", () => {
  expect(new Prefetch().size(0, limits(100))).toBe(0)
})

it("takes nothing ahead of jobs that take 100 ms or more", () => {
  for (const runMs of [100, 300, 60_000]) {
    const { prefetch, now } = worked(50, runMs, 100)
    expect(prefetch.size(now, limits(100))).toBe(0)
  }
})

it("takes a whole batch ahead of jobs that take no time", () => {
  const { prefetch, now } = worked(20_000, 0.05, 1)
  expect(prefetch.size(now, limits(100))).toBe(1_000)
})

it("takes no more ahead than is done in a tenth of a second", () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 70, noNaN: true }), fc.integer({ min: 1, max: 100 }), (runMs, atOnce) => {
      const { prefetch, now } = worked(2_000, runMs, atOnce)
      expect(prefetch.size(now, limits(atOnce))).toBeLessThanOrEqual(Math.ceil((atOnce * 100) / runMs))
    }),
  )
})

it("takes nothing ahead while long runs fill half of the worker", () => {
  const { prefetch, now } = worked(1_000, 1, 1)
  expect(prefetch.size(now, { ...limits(100), longRuns: 49 })).toBeGreaterThan(0)
  expect(prefetch.size(now, { ...limits(100), longRuns: 50 })).toBe(0)
  expect(prefetch.size(now, { ...limits(1), longRuns: 1 })).toBe(0)
})

it("is not held back by slow jobs that cannot fill the worker", () => {
  const { prefetch, now } = worked(1_000, 1, 1)
  prefetch.record("slow", 5_000, now)
  const isBounded = (entrypoint: string) => entrypoint === "slow"
  expect(prefetch.size(now, { ...limits(100), isBounded })).toBeGreaterThan(0)
})

it("takes nothing ahead for the sake of the slowest of its entrypoints", () => {
  const { prefetch, now } = worked(1_000, 1, 1)
  prefetch.record("slow", 5_000, now)
  expect(prefetch.size(now, limits(100))).toBe(0)
})

it("forgets an entrypoint that has not run for long", () => {
  const { prefetch, now } = worked(1_000, 1, 1)
  expect(prefetch.size(now + 60_000, limits(100))).toBe(0)
})
