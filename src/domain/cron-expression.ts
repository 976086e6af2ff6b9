import { Cron } from "croner"
import { type CronField, type CronFields, parseCronFields } from "./cron-fields.js"
import { PgQueuerError } from "./errors.js"
import { show } from "./options.js"
import { aroundChangeMs, firstInstantOf, type TimeZone, timeZone } from "./time-zone.js"

/** When a schedule runs, read once from its text. */
export interface CronExpression {
  /** As it was written, with single spaces. */
  readonly expression: string
  /** The IANA name in its own spelling. */
  readonly timezone: string
  /** The first run strictly after a moment, on a whole second; nothing when no date of the next centuries fits. */
  next(after: Date): Date | undefined
}

/** The next local time, strictly after another, that the fields fit; dates only, no zone. */
type NextLocal = (after: number) => number | undefined

const secondMs = 1000

/**
 * Reads a cron expression: five fields (minute, hour, day of month, month, day of week), six with the second last, or one
 * of `@yearly @annually @monthly @weekly @daily @midnight @hourly`. Fields hold `*`, values, ranges, lists and steps; months
 * and days of the week also their first three letters; Sunday is 0 or 7. When both day fields are restricted, a day that fits
 * either of them is enough.
 *
 * Where the hour is `*` or `*\/n`, it runs whenever the clock of the zone shows a time that fits: nothing is left out, and
 * nothing is run for an hour that doesn't exist. Else a time that the clock skips runs at the first moment after the gap, once
 * for all times in it, and a time that comes twice runs the first time only.
 *
 * @param timezone - an IANA name in any case
 * @throws PgQueuerError `PGQ_SCHEDULE_INVALID` for an expression that cannot be read or never fits (31 February), or an
 * unknown zone
 */
export function parseCron(expression: string, timezone = "UTC"): CronExpression {
  if (typeof expression !== "string") {
    throw new PgQueuerError("PGQ_SCHEDULE_INVALID", `${show(expression)} is not a cron expression`, {
      remedy: 'Give a string such as "*/5 * * * *".',
    })
  }
  const fields = parseCronFields(expression)
  const zone = timeZone(timezone)
  const nextLocal = calendar(fields)
  if (nextLocal(0) === undefined) throw neverFits(expression)
  const next = followsRealTime(fields.hour) ? nextInRealTime : nextByClock
  return {
    expression: expression.trim().replaceAll(/\s+/g, " "),
    timezone: zone.name,
    next(after) {
      const second = Math.floor(after.getTime() / secondMs) * secondMs
      const found = Number.isNaN(second) ? undefined : next(zone, nextLocal, second)
      return found === undefined ? undefined : new Date(found)
    },
  }
}

function followsRealTime(hour: CronField): boolean {
  return hour.text.startsWith("*") && !hour.text.includes(",")
}

/** Every instant whose local time fits: one offset at a time, again from where the clock was changed. */
function nextInRealTime(zone: TimeZone, nextLocal: NextLocal, after: number): number | undefined {
  let at = after
  let local = at + zone.offsetAt(at)
  for (;;) {
    const found = nextLocal(local)
    if (found === undefined) return undefined
    const instant = found - zone.offsetAt(at)
    const changed = zone.changeBetween(at, Math.min(instant, at + aroundChangeMs))
    if (changed === undefined && instant <= at + aroundChangeMs) return instant
    at = changed ?? instant - aroundChangeMs
    local = at + zone.offsetAt(at) - (changed === undefined ? 0 : secondMs)
  }
}

/** Local times in their order, each at its one instant: these have the same order, so the first one found is the next. */
function nextByClock(zone: TimeZone, nextLocal: NextLocal, after: number): number | undefined {
  const found = nextLocal(lastLocalSeen(zone, after))
  return found === undefined ? undefined : firstInstantOf(zone, found)
}

/** The latest local time that has been by then: where the clock was put back, the time that it was put back from. */
function lastLocalSeen(zone: TimeZone, instant: number): number {
  const local = instant + zone.offsetAt(instant)
  const first = firstInstantOf(zone, local)
  const changed = first < instant ? zone.changeBetween(first, instant) : undefined
  return changed === undefined ? local : changed + zone.offsetAt(first) - secondMs
}

function calendar(fields: CronFields): NextLocal {
  const order = [fields.second, fields.minute, fields.hour, fields.day, fields.month, fields.weekday]
  const pattern = order.map((field) => (field.text === "*" ? "*" : field.values.join(","))).join(" ")
  const cron = new Cron(pattern, { mode: "6-part", utcOffset: 0, paused: true })
  return (after) => cron.nextRun(new Date(after))?.getTime()
}

function neverFits(expression: string): PgQueuerError {
  return new PgQueuerError("PGQ_SCHEDULE_INVALID", `cron expression ${show(expression)}: no date ever fits it`, {
    remedy: "Choose a day that one of the months has; the day of month and the month have to fit together.",
  })
}
