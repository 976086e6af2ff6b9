import { describe, expect, it } from "vitest"
import { parseCron } from "../../src/domain/cron-expression.js"
import { PgQueuerError } from "../../src/domain/errors.js"

describe("a cron expression", () => {
  it.each([
    ["* * * * *", "2026-03-10T12:00:00.000Z", "2026-03-10T12:01:00Z"],
    ["*/15 * * * *", "2026-03-10T12:00:00Z", "2026-03-10T12:15:00Z"],
    ["  5,10\t*  * * * ", "2026-03-10T12:06:00Z", "2026-03-10T12:10:00Z"],
    ["* * * * * */10", "2026-03-10T12:00:00.500Z", "2026-03-10T12:00:10Z"],
    ["30 9 * * * 15", "2026-03-10T12:00:00Z", "2026-03-11T09:30:15Z"],
    ["0 9 * * mon-FRI", "2026-03-13T09:00:00Z", "2026-03-16T09:00:00Z"],
    ["0 9 * * 7", "2026-03-13T09:00:00Z", "2026-03-15T09:00:00Z"],
    ["0 9 * * sat-sun", "2026-03-14T09:00:00Z", "2026-03-15T09:00:00Z"],
    ["0 9 * * 5-7", "2026-03-14T09:00:00Z", "2026-03-15T09:00:00Z"],
    ["0 0 1 Jan,JUL *", "2026-03-10T12:00:00Z", "2026-07-01T00:00:00Z"],
    ["10-40/10 6 * * *", "2026-03-10T06:20:00Z", "2026-03-10T06:30:00Z"],
    ["0 0 29 2 *", "2026-03-10T12:00:00Z", "2028-02-29T00:00:00Z"],
    ["0 0 29 feb *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"],
    ["@yearly", "2026-03-10T12:00:00Z", "2027-01-01T00:00:00Z"],
    ["@annually", "2026-03-10T12:00:00Z", "2027-01-01T00:00:00Z"],
    ["@monthly", "2026-03-10T12:00:00Z", "2026-04-01T00:00:00Z"],
    ["@weekly", "2026-03-10T12:00:00Z", "2026-03-15T00:00:00Z"],
    ["@daily", "2026-03-10T12:00:00Z", "2026-03-11T00:00:00Z"],
    ["@Midnight", "2026-03-10T12:00:00Z", "2026-03-11T00:00:00Z"],
    ["@hourly", "2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z"],
  ])("%s after %s runs at %s", (expression, after, expected) => {
    expect(parseCron(expression, "UTC").next(new Date(after))).toEqual(new Date(expected))
  })

  it("runs on days that fit either day field when both are restricted", () => {
    const { next } = parseCron("0 0 13 * fri", "UTC")
    const first = next(new Date("2026-05-08T00:00:00Z"))!
    expect([first, next(first)]).toEqual([new Date("2026-05-13T00:00:00Z"), new Date("2026-05-15T00:00:00Z")])
  })

  it("keeps its text with single spaces", () => {
    expect(parseCron(" 0  9 * *\tMON ", "UTC").expression).toBe("0 9 * * MON")
  })

  it.each([
    ["61 * * * *", "minute 61 is out of range"],
    ["* 24 * * *", "hour 24 is out of range"],
    ["* * 0 * *", "day of month 0 is out of range"],
    ["* * * 13 *", "month 13 is out of range"],
    ["* * * * 8", "day of week 8 is out of range"],
    ["* * * * * 60", "second 60 is out of range"],
    ["", "it is empty"],
    ["  ", "it is empty"],
    ["5 * * *", "it has 4 fields"],
    ["* * * * * * 2026", "it has 7 fields"],
    ["0 0 31 2 *", "no date ever fits it"],
    ["0 0 30,31 feb *", "no date ever fits it"],
    ["0 0 31 4,6,9,11 *", "no date ever fits it"],
    ["@dayly", "did you mean @daily?"],
    ["@reboot", '"@reboot" is not known'],
    ["*/0 * * * *", 'minute: "0" is not a step'],
    ["*/61 * * * *", 'minute: "61" is not a step'],
    ["*/ * * * *", 'minute: "" is not a step'],
    ["1/2/3 * * * *", 'minute "1/2/3" cannot be read'],
    ["5/15 * * * *", "minute 5/15 has a step without a range"],
    ["40-10 * * * *", "minute 40-10 runs backwards"],
    ["* * * * sat-tue", "day of week sat-tue runs backwards"],
    ["1,,2 * * * *", "minute has an empty part"],
    ["1-2-3 * * * *", 'minute "1-2-3" cannot be read'],
    ["? * * * *", 'minute "?" cannot be read'],
    ["* * L * *", 'day of month "L" cannot be read'],
    ["* * 15W * *", 'day of month "15W" cannot be read'],
    ["* * * * 1#2", 'day of week "1#2" cannot be read'],
    ["* * * * +1", 'day of week "+1" cannot be read'],
    ["* * * mon *", 'month "mon" cannot be read'],
    ["-1 * * * *", "minute has an empty part"],
    ["1.5 * * * *", 'minute "1.5" cannot be read'],
  ])("%j is refused: %s", (expression, problem) => {
    const error = refusalOf(() => parseCron(expression, "UTC"))
    expect(error.code).toBe("PGQ_SCHEDULE_INVALID")
    expect(error.message).toContain(problem)
    expect(error.remedy).not.toBe("")
  })

  it("is refused when it is not a string", () => {
    expect(refusalOf(() => parseCron(5 as never, "UTC")).code).toBe("PGQ_SCHEDULE_INVALID")
  })
})

describe("the time zone of a cron expression", () => {
  it.each([
    ["europe/oslo", "Europe/Oslo"],
    ["AMERICA/NEW_YORK", "America/New_York"],
    ["asia/kathmandu", "Asia/Kathmandu"],
    ["Asia/Katmandu", "Asia/Katmandu"],
    ["us/eastern", "US/Eastern"],
    ["utc", "UTC"],
    ["etc/utc", "Etc/UTC"],
  ])("may be written %s for %s", (given, name) => {
    expect(parseCron("@daily", given).timezone).toBe(name)
  })

  it("is UTC when none is given", () => {
    expect(parseCron("@daily").timezone).toBe("UTC")
  })

  it.each(["", "Europe/Atlantis", "+05:30", "UTC+1", 5, null])("%j is refused", (timezone) => {
    const error = refusalOf(() => parseCron("@daily", timezone as string))
    expect(error.code).toBe("PGQ_SCHEDULE_INVALID")
    expect(error.message).toContain("is not known")
  })
})

function refusalOf(act: () => unknown): PgQueuerError {
  try {
    act()
  } catch (error) {
    if (error instanceof PgQueuerError) return error
    throw error
  }
  throw new Error("was accepted")
}
