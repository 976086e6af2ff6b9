import { expect, it } from "vitest"
import { decideTicks, jitterOf, ticksUntil } from "../../src/app/schedules/due-ticks.js"
import { parseCron } from "../../src/domain/cron-expression.js"

const start = Date.UTC(2026, 0, 1)
const everySecond = parseCron("* * * * * *", "UTC")

it("finds the newest ticks without walking through all of a long absence", () => {
  const now = start + 10 * 365 * 86_400_000 + 500
  expect(ticksUntil(everySecond, start, now, 3)).toEqual([now - 2_500, now - 1_500, now - 500])
  expect(ticksUntil(parseCron("0 0 1 1 *", "UTC"), start, now, 100)).toHaveLength(10)
  expect(ticksUntil(everySecond, start, start + 2_000, 100)).toEqual([start, start + 1_000, start + 2_000])
  expect(ticksUntil(everySecond, start, start, 100)).toEqual([start])
})

it("spreads ticks by jitter, always before the next one, the same for every worker", () => {
  const delays = Array.from({ length: 1_000 }, (_, index) =>
    jitterOf(`schedule ${index}`, start, start + 60_000, 90_000),
  )
  expect(delays.every((delay) => delay >= 0 && delay < 60_000)).toBe(true)
  const thirds = [0, 1, 2].map((third) => delays.filter((delay) => Math.floor(delay / 20_000) === third).length)
  for (const count of thirds) expect(count).toBeGreaterThan(250)
  expect(jitterOf("a", start, undefined, 1_000)).toBe(jitterOf("a", start, undefined, 1_000))
  expect(jitterOf("a", start, start + 1_000, 0)).toBe(0)
})

it("treats what nobody was there for as missed, and what is late as late", () => {
  const ticks = [start, start + 1_000, start + 2_000]
  const due = { ticks, overlap: "skip", presentSince: start + 5_000, now: start + 5_000 } as const
  const wishes = (given: Partial<Parameters<typeof decideTicks>[0]>) =>
    decideTicks({ ...due, missed: "once", ...given }).map(({ tick, wish }) => [tick.getTime() - start, wish])
  expect(wishes({})).toEqual([[2_000, "run"]])
  expect(wishes({ missed: "all" })).toEqual([
    [0, "wait"],
    [1_000, "wait"],
    [2_000, "wait"],
  ])
  expect(wishes({ missed: "all", overlap: "allow" }).map(([, wish]) => wish)).toEqual(["run", "run", "run"])
  expect(wishes({ missed: "skip" })).toEqual([[2_000, "skip"]])
  expect(wishes({ missed: "skip", presentSince: start + 1_500 })).toEqual([[2_000, "run"]])
  expect(wishes({ presentSince: start + 500 })).toEqual([
    [1_000, "wait"],
    [2_000, "wait"],
  ])
  expect(wishes({ missed: "skip", presentSince: start, now: start + 60_000 })).toEqual([[2_000, "skip"]])
})
