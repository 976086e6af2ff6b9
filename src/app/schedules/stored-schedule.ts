import { type CronExpression, parseCron } from "../../domain/cron-expression.js"
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
 * @throws PgQueuerError `PGQ_SCHEDULE_INVALID` that names the column
 */
export function readSchedule(stored: StoredSchedule): ReadableSchedule {
  const { name, missed, overlap, jitterMs, entrypoint, nextRun } = stored
  if (!isOneOf(missed, missedModes)) throw nonsense(name, "missed", missed)
  if (!isOneOf(overlap, overlapModes)) throw nonsense(name, "overlap", overlap)
  if (!(jitterMs >= 0 && jitterMs < Number.POSITIVE_INFINITY)) throw nonsense(name, "jitter_ms", jitterMs)
  if (entrypoint !== null && !isName(entrypoint)) throw nonsense(name, "entrypoint", entrypoint)
  if (nextRun !== null && !(nextRun instanceof Date && Number.isFinite(nextRun.getTime()))) {
    throw nonsense(name, "next_run", nextRun)
  }
  return { ...stored, missed, overlap, cron: parseCron(stored.expression, stored.timezone) }
}

function isOneOf<T extends string>(value: string, known: readonly T[]): value is T {
  return known.includes(value as T)
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
