import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseCron } from "../../src/domain/cron-expression.js"
import table from "../support/cron/table.json" with { type: "json" }

const zones = ["Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"] as const

/** Around every change of the clock in 2026 in these zones, and a day without one. */
const days = ["03-08", "03-29", "04-05", "05-15", "10-04", "10-25", "11-01"].map((day) => Date.parse(`2026-${day}`))

const minuteMs = 60_000

describe("the runs around changes of the clock, as Python's zoneinfo has them", () => {
  it.each(table)("$expression in $timezone after $after", ({ expression, timezone, after, runs }) => {
    expect(runsAfter(expression, timezone, new Date(after), runs.length)).toEqual(runs)
  })
})

describe("the next run", () => {
  const hours = fc.oneof(
    fc.constant("*"),
    fc.integer({ min: 1, max: 24 }).map((step) => `*/${step}`),
    fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 3 }).map((list) => list.join(",")),
    fc.constantFrom("0-23", "1-3", "1-5/2", "2,*/5"),
  )
  const minutes = fc.oneof(
    fc.integer({ min: 1, max: 60 }).map((step) => `*/${step}`),
    fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 4 }).map((list) => list.join(",")),
  )
  const weekdays = fc.constantFrom("*", "sun", "0-3", "sat,sun", "1-5", "7")
  const expressions = fc.tuple(minutes, hours, weekdays).map(([minute, hour, day]) => `${minute} ${hour} * * ${day}`)
  const moments = fc
    .tuple(fc.constantFrom(...days), fc.integer({ min: -20 * 3600, max: 30 * 3600 }), fc.integer({ min: 0, max: 999 }))
    .map(([day, seconds, ms]) => day + seconds * 1000 + ms)

  it("is the one that counting through the minutes finds", () => {
    fc.assert(
      fc.property(expressions, fc.constantFrom(...zones), moments, (expression, timezone, after) => {
        const counted = countedRuns(expression, timezone, after, after + 30 * 60 * minuteMs)
        const last = counted.at(-1)
        const found = runsAfter(expression, timezone, new Date(after), counted.length + 1)
        expect(found.slice(0, counted.length)).toEqual(counted)
        expect(Date.parse(found[counted.length]!)).toBeGreaterThan(after + 30 * 60 * minuteMs)
        expect(last === undefined || Date.parse(last) > after).toBe(true)
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it("does not depend on how often it was asked on the way", () => {
    fc.assert(
      fc.property(expressions, fc.constantFrom(...zones), moments, moments, (expression, timezone, one, other) => {
        const [from, to] = one < other ? [one, other] : [other, one]
        const cron = parseCron(expression, timezone)
        const next = cron.next(new Date(to))!
        const before = cron.next(new Date(from))!
        expect(next.getTime()).toBeGreaterThanOrEqual(before.getTime())
        if (before.getTime() > to) expect(next).toEqual(before)
        expect(cron.next(new Date(next.getTime() - 1))).toEqual(next)
      }),
      { numRuns: 300 },
    )
  })
})

function runsAfter(expression: string, timezone: string, after: Date, count: number): string[] {
  const cron = parseCron(expression, timezone)
  const runs: string[] = []
  for (let at = after; runs.length < count; ) {
    at = cron.next(at)!
    runs.push(at.toISOString())
  }
  return runs
}

/**
 * Counts through real minutes and looks at the zone's clock: a shown time that fits is a run, unless the hour is fixed and the clock
 * showed the same time before; where the clock has skipped a fixed time that fits, the first minute after the gap is one.
 */
function countedRuns(expression: string, timezone: string, after: number, until: number): string[] {
  const [minute, hour, , , weekday] = expression.split(" ") as [string, string, string, string, string]
  const fits = (local: number) => {
    const at = new Date(local)
    return (
      listed(minute, 0, 59).has(at.getUTCMinutes()) &&
      listed(hour, 0, 23).has(at.getUTCHours()) &&
      (listed(weekday, 0, 7).has(at.getUTCDay()) || (at.getUTCDay() === 0 && listed(weekday, 0, 7).has(7)))
    )
  }
  const realTime = hour.startsWith("*")
  const clock = clockOf(timezone)
  const seen = new Set<number>()
  const runs: string[] = []
  const start = Math.floor(after / minuteMs) * minuteMs - 180 * minuteMs
  let before = clock(start - minuteMs)
  for (let at = start; at <= until; at += minuteMs) {
    const local = clock(at)
    const skipped: number[] = []
    for (let missing = before + minuteMs; missing < local; missing += minuteMs) skipped.push(missing)
    const runsNow = realTime ? fits(local) : (fits(local) && !seen.has(local)) || skipped.some(fits)
    if (runsNow && at > after) runs.push(new Date(at).toISOString())
    seen.add(local)
    before = local
  }
  return runs
}

function listed(text: string, low: number, high: number): Set<number> {
  const names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
  const found = new Set<number>()
  for (const part of text.split(",")) {
    const [span, step] = part.split("/") as [string, string?]
    const [first, last] = span.split("-").map((end) => (names.includes(end) ? names.indexOf(end) : Number(end)))
    const [from, to] = span === "*" ? [low, high] : [first!, last ?? first!]
    for (let value = from; value <= to; value += Number(step ?? 1)) found.add(value)
  }
  return found
}

/** What the zone's clock shows at an instant, to the minute, as if in UTC. */
function clockOf(timezone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "short" })
  return (instant) => Date.parse(`${format.format(instant).replace(" ", "T")}Z`)
}
