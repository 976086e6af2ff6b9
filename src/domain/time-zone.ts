import { PgQueuerError } from "./errors.js"
import { show } from "./options.js"

/**
 * A time zone's clock. Instants are milliseconds since 1970 in UTC; local times are what the zone's clock shows, written
 * as if it stood in UTC.
 */
export interface TimeZone {
  readonly name: string
  /** Local time minus UTC, in milliseconds. */
  offsetAt(instant: number): number
  /** The first instant after `from`, up to `to`, at which the offset is another; at most a few days apart. */
  changeBetween(from: number, to: number): number | undefined
}

/** More than any clock was ever moved (Samoa left out a day), less than from one change to the next. */
export const aroundChangeMs = 2 * 86_400_000

const secondMs = 1000

/** A zone takes a quarter of a millisecond and 80 KB to make, and thousands of schedules share a few of them. */
const zones = new Map<string, TimeZone>()

/**
 * The zone of an IANA name, in any case.
 *
 * @throws PgQueuerError `PGQ_SCHEDULE_INVALID` for a name that is not known
 */
export function timeZone(name: string): TimeZone {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone = makeZone(name)
  zones.set(name, zone)
  return zone
}

function makeZone(name: string): TimeZone {
  const format = formatFor(name)
  const offsetAt = (instant: number) => localTime(format, instant) - instant
  return { name: properName(name, format), offsetAt, changeBetween: (from, to) => change(offsetAt, from, to) }
}

/**
 * The instant of a local time: the first one if the clock shows it twice, the end of the gap if it never does.
 */
export function firstInstantOf(zone: TimeZone, local: number): number {
  const before = zone.offsetAt(local - aroundChangeMs)
  const changed = zone.changeBetween(local - aroundChangeMs, local + aroundChangeMs)
  if (changed === undefined || local < changed + before) return local - before
  return Math.max(changed, local - zone.offsetAt(changed))
}

function formatFor(name: unknown): Intl.DateTimeFormat {
  if (typeof name === "string" && /^[a-z]/i.test(name)) {
    try {
      return new Intl.DateTimeFormat("en-US", {
        timeZone: name,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      })
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }
  throw new PgQueuerError("PGQ_SCHEDULE_INVALID", `time zone ${show(name)} is not known`, {
    remedy: "Give a name from the IANA database, such as Europe/Oslo or UTC.",
  })
}

/** Intl turns a name into an older one of the same zone (Asia/Katmandu); then the given one stays, with the usual capitals. */
function properName(given: string, format: Intl.DateTimeFormat): string {
  const resolved = format.resolvedOptions().timeZone
  if (resolved.toLowerCase() === given.toLowerCase()) return resolved
  return given
    .toLowerCase()
    .replace(/[a-z]+/g, (word) =>
      abbreviation.test(word) ? word.toUpperCase() : word[0]!.toUpperCase() + word.slice(1),
    )
}

const abbreviation = /^(us|gb|nz|prc|roc|rok|uct|utc|gmt|[ecmph]st|[ecmp]dt|[cemw]et|nsw|act|lhi)$/

function localTime(format: Intl.DateTimeFormat, instant: number): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(instant)) parts[type] = Number(value)
  const { year, month, day, hour, minute, second } = parts
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!)
}

function change(offsetAt: (instant: number) => number, from: number, to: number): number | undefined {
  const before = offsetAt(from)
  if (offsetAt(to) === before) return undefined
  let [same, other] = [from, to]
  while (other - same > secondMs) {
    const middle = same + Math.floor((other - same) / 2 / secondMs) * secondMs
    if (offsetAt(middle) === before) same = middle
    else other = middle
  }
  return other
}
