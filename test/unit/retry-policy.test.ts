import fc from "fast-check"
import { expect, it } from "vitest"
import { resolveRetryPolicy, retryDelayMs } from "../../src/domain/retry-policy.js"

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const policy = fc.record({
  initialDelay: fc.integer({ min: 0, max: 100_000 }),
  multiplier: fc.double({ min: 1, max: 1_000, noNaN: true }),
  maxDelay: fc.integer({ min: 100_000, max: 1_000_000_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
})
const attempts = fc.integer({ min: 1, max: 1_000_000 })

it("has a default for everything", () => {
  expect(resolveRetryPolicy("retry")).toEqual({
    maxAttempts: 5,
    initialDelayMs: 1_000,
    multiplier: 2,
    maxDelayMs: 3_600_000,
    jitter: 0.2,
  })
})

it("doubles from the first pause up to the longest", () => {
  const resolved = resolveRetryPolicy("retry", { initialDelay: "1s", maxDelay: "10s" })
  expect([1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(resolved, attempt, 0))).toEqual([
    1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ])
})

it("adds at most its share of jitter, and never takes any of the pause away", () => {
  fc.assert(
    fc.property(policy, attempts, chance, (given, attempt, random) => {
      const resolved = resolveRetryPolicy("retry", given)
      const plain = retryDelayMs(resolved, attempt, 0)
      const delay = retryDelayMs(resolved, attempt, random)
      expect(delay).toBeGreaterThanOrEqual(plain)
      expect(delay).toBeLessThanOrEqual(plain * (1 + given.jitter) + 1e-6)
      expect(plain).toBeLessThanOrEqual(given.maxDelay)
      expect(Number.isFinite(delay)).toBe(true)
    }),
  )
})

it("never makes a pause shorter than the one before it", () => {
  fc.assert(
    fc.property(policy, attempts, (given, attempt) => {
      const resolved = resolveRetryPolicy("retry", given)
      expect(retryDelayMs(resolved, attempt + 1, 0)).toBeGreaterThanOrEqual(retryDelayMs(resolved, attempt, 0))
    }),
  )
})

it("lets a long first pause stand without a word about the longest", () => {
  expect(resolveRetryPolicy("retry", { initialDelay: "2h" })).toMatchObject({ maxDelayMs: 7_200_000 })
})

it.each([
  { maxAttempts: 0 },
  { maxAttempts: 1.5 },
  { multiplier: 0.5 },
  { multiplier: Number.NaN },
  { jitter: 1.1 },
  { jitter: -0.1 },
  { initialDelay: "soon" },
  { initialDelay: "10s", maxDelay: "5s" },
  { maxAttemps: 3 },
])("refuses %j", (given) => {
  expect(() => resolveRetryPolicy("retry", given as never)).toThrow(
    expect.objectContaining({ code: "PGQ_OPTION_INVALID" }),
  )
})
