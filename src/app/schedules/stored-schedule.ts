import { type CronExpression, parseCron } from "../../domain/cron-expression.js"
import { longestMs } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { isName } from "../../domain/names.js"
import { show } from "../../domain/options.js"
import {
  type Missed,
  missedModes,
  type Overlap,
  overlapModes,
  type StoredSchedule,
} from "../../ports/schedule-store.js"

/** A schedule's row that makes sense. */
export interface ReadableSchedule extends StoredSchedule {
  readonly missed: Missed
  readonly overlap: Overlap
  readonly cron: CronExpression
}

/**
 * Reads a row, which may have been edited by hand.
 *
 * @param cron - its expression, where that was read before
 * @throws PgQueuerError `PGQ_SCHEDULE_INVALID` that names the column
 */
export function readSchedule(stored: StoredSchedule, cron?: CronExpression): ReadableSchedule {
  const wrong = columns.find(([, read, fits]) => !fits(read(stored)))
  if (wrong !== undefined) throw nonsense(stored.name, wrong[0], wrong[1](stored))
  return {
    ...stored,
    missed: stored.missed as Missed,
    overlap: stored.overlap as Overlap,
    cron: cron ?? parseCron(stored.expression, stored.timezone),
  }
}

/** What the columns may hold that the server lets hold anything. */
const columns: readonly (readonly [string, (row: StoredSchedule) => unknown, (value: unknown) => boolean])[] = [
  ["missed", (row) => row.missed, oneOf(missedModes)],
  ["overlap", (row) => row.overlap, oneOf(overlapModes)],
  ["jitter_ms", (row) => row.jitterMs, between(0, longestMs)],
  ["entrypoint", (row) => row.entrypoint, orNull(isName)],
  ["max_attempts", (row) => row.maxAttempts, orNull(between(1, 2_147_483_647))],
  ["timeout_ms", (row) => row.timeoutMs, orNull(between(1, 2_147_483_647))],
  ["expire_ms", (row) => row.expireMs, orNull(between(0, longestMs))],
  ["next_run", (row) => row.nextRun, orNull((value) => value instanceof Date && isATime(value.getTime()))],
]

/** `-infinity` and `infinity` come as the first and the last date that there is. */
const isATime = between(Date.UTC(-4713, 0), Date.UTC(9999, 11, 31))

function oneOf(known: readonly string[]) {
  return (value: unknown) => known.includes(value as string)
}

function between(least: number, most: number) {
  return (value: unknown) => typeof value === "number" && value >= least && value <= most
}

function orNull(fits: (value: unknown) => boolean) {
  return (value: unknown) => value === null || fits(value)
}

function nonsense(name: string, column: string, value: unknown): PgQueuerError {
  return new PgQueuerError(
    "PGQ_SCHEDULE_INVALID",
    `the row of the schedule ${show(name)} has ${column} ${show(value)}`,
    {
      remedy: "Correct the row, or remove it and start the worker again: it is written anew.",
    },
  )
}
