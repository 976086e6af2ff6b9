import fc from "fast-check"
import { expect, it } from "vitest"
import { backoffMs } from "../../src/domain/backoff.js"

const backoff = { initialDelayMs: 100, multiplier: 2, maxDelayMs: 5_000 }

it("doubles from the first pause up to the longest", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoffMs(backoff, failures, 0))).toEqual([
    100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000,
  ])
})

it("takes at most half of the pause away, and never gives more than all of it", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), random, (failures, chance) => {
      const full = backoffMs(backoff, failures, 0)
      const pause = backoffMs(backoff, failures, chance)
      expect(pause).toBeGreaterThan(full / 2 - 1e-9)
      expect(pause).toBeLessThanOrEqual(full)
      expect(pause).toBeLessThanOrEqual(backoff.maxDelayMs)
    }),
  )
})

it("counts failures from 1", () => {
  expect(() => backoffMs(backoff, 0, 0)).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
})
