import fc from "fast-check"
import { expect, it } from "vitest"
import { looksLikeDuration, toMilliseconds } from "../../src/domain/duration.js"

it.each([
  [250, 250],
  [0, 0],
  ["500ms", 500],
  ["30s", 30_000],
  ["1.5h", 5_400_000],
  ["5m", 300_000],
  ["7d", 604_800_000],
])("reads %j as %d ms", (duration, milliseconds) => {
  expect(toMilliseconds(duration, "delay")).toBe(milliseconds)
})

it.each([
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "5",
  "5 s",
  "-5s",
  "5w",
  "1e3s",
  "5S",
  "36501d",
  null,
  {},
  5n,
  true,
])("refuses %s and names the option", (duration) => {
  expect(() => toMilliseconds(duration, "pollInterval")).toThrow(
    expect.objectContaining({ code: "PGQ_OPTION_INVALID", message: expect.stringContaining("pollInterval") }),
  )
})

it("reads every number of every unit as its number of milliseconds", () => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
  fc.assert(
    fc.property(fc.nat(36_000), fc.constantFrom(...(["ms", "s", "m", "h", "d"] as const)), (count, unit) => {
      expect(toMilliseconds(`${count}${unit}`, "delay")).toBe(count * units[unit])
    }),
  )
})

it("tells a duration from a time", () => {
  expect(looksLikeDuration("90s")).toBe(true)
  expect(looksLikeDuration("2030-01-31T08:00:00Z")).toBe(false)
})
