import { type CronExpression, parseCron } from "../../domain/cron-expression.js"
import { hasCode, PgQueuerError } from "../../domain/errors.js"
import { checkScheduleName } from "../../domain/names.js"
import { anyValue, checkOptions, didYouMean, nearest, show, wholeNumber } from "../../domain/options.js"
import type { ScheduleRecord, ScheduleRecords, StoredScheduleRecord } from "../../ports/schedule-records.js"

/** What became of a schedule that was to be paused, resumed, triggered or removed. */
export type ScheduleActionResult =
  | {
      readonly name: string
      readonly done: true
      /** No running worker has code for it. */
      readonly orphaned: boolean
      /** Of the run that was asked for. */
      readonly runId?: string
    }
  | {
      readonly name: string
      readonly done: false
      /** `unknown`: there is no schedule of this name · `unchanged`: it was paused, or not paused, already. */
      readonly reason: "unknown" | "unchanged"
      /** A name that may have been meant. */
      readonly guess?: string
    }

export interface PreviewOptions {
  /** 1 to 1,000; default 5. */
  readonly count?: number
  /** Of an expression, default UTC; a schedule has its own. */
  readonly timezone?: string
}

export type ScheduleAction = "pause" | "resume" | "trigger" | "remove"

export async function listSchedules(records: ScheduleRecords): Promise<ScheduleRecord[]> {
  return (await records.list(null)).map(withNextExecution)
}

/** Acts on each schedule once, all in one statement; answers in the order of the names. */
export async function actOnSchedules(
  records: ScheduleRecords,
  action: ScheduleAction,
  given: string | readonly string[],
): Promise<ScheduleActionResult[]> {
  const all: unknown = typeof given === "string" ? [given] : given
  checkNames(all)
  const names = [...new Set(all)]
  const known = new Map((await records.names()).map(({ name, orphaned }) => [name, orphaned]))
  const done = await carriedOut(records, action, names)
  return names.map((name) => {
    const runId = done.get(name)
    const orphaned = known.get(name) ?? true
    if (done.has(name)) return { name, done: true, orphaned, ...(runId === undefined ? {} : { runId }) }
    if (known.has(name)) return { name, done: false, reason: "unchanged" }
    const guess = nearest(name, [...known.keys()])
    return { name, done: false, reason: "unknown", ...(guess === undefined ? {} : { guess }) }
  })
}

/** The next runs of a schedule as it is stored, or of an expression. */
export async function previewSchedule(
  records: ScheduleRecords,
  what: string,
  options: PreviewOptions,
): Promise<Date[]> {
  checkOptions("previewSchedule", options, { count: wholeNumber(1, 1_000), timezone: anyValue })
  if (typeof what === "string" && looksLikeCron(what)) {
    const cron = parseCron(what, options.timezone)
    return upcoming(cron, await records.now(), options.count)
  }
  checkScheduleName(what)
  if (options.timezone !== undefined) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", "previewSchedule: timezone stands beside the name of a schedule", {
      remedy: "Leave it out, a schedule has its own; or give an expression instead of the name.",
    })
  }
  const [found] = await records.list([what])
  if (found === undefined) throw await unknownSchedule(records, what)
  return upcoming(parseCron(found.expression, found.timezone), found.now, options.count)
}

/** Whether it is meant as an expression: a nickname, or several fields of which the first three have a star or a digit. */
function looksLikeCron(what: string): boolean {
  const fields = what.trim().split(/\s+/)
  if (fields.length === 1) return fields[0]!.startsWith("@")
  return fields.length >= 4 && fields.slice(0, 3).every((field) => /[\d*?]/.test(field))
}

function checkNames(names: unknown): asserts names is readonly string[] {
  if (!Array.isArray(names)) return checkScheduleName(names)
  for (const name of names) checkScheduleName(name)
}

async function carriedOut(
  records: ScheduleRecords,
  action: ScheduleAction,
  names: readonly string[],
): Promise<Map<string, string | undefined>> {
  switch (action) {
    case "trigger":
      return new Map((await records.trigger(names)).map(({ name, runId }) => [name, runId]))
    case "remove":
      return new Map((await records.remove(names)).map((name) => [name, undefined]))
    case "pause":
    case "resume":
      return new Map((await records.setPaused(names, action === "pause")).map((name) => [name, undefined]))
  }
}

function upcoming(cron: CronExpression, now: Date, count = 5): Date[] {
  const runs: Date[] = []
  for (let at = cron.next(now); at !== undefined && runs.length < count; at = cron.next(at)) runs.push(at)
  return runs
}

function withNextExecution({ now, nextRun, ...schedule }: StoredScheduleRecord): ScheduleRecord {
  if (schedule.paused) return { ...schedule, nextExecution: null }
  return { ...schedule, nextExecution: nextRun ?? workedOut(schedule, now) }
}

/** A worker writes the tick of a schedule that was resumed; until then it is what it will be. */
function workedOut({ expression, timezone }: { expression: string; timezone: string }, now: Date): Date | null {
  try {
    return parseCron(expression, timezone).next(now) ?? null
  } catch (error) {
    if (hasCode(error, "PGQ_SCHEDULE_INVALID")) return null
    throw error
  }
}

async function unknownSchedule(records: ScheduleRecords, name: string): Promise<PgQueuerError> {
  const known = (await records.names()).map((schedule) => schedule.name)
  const hint = didYouMean(nearest(name, known), show)
  return new PgQueuerError("PGQ_SCHEDULE_UNKNOWN", `there is no schedule ${show(name)}${hint}`, {
    remedy: "Give the name of a schedule, see pgq schedules, or a cron expression of five or six fields.",
  })
}
