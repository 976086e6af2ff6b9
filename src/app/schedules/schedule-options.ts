import { type CronExpression, parseCron } from "../../domain/cron-expression.js"
import { type Duration, toMilliseconds, toTimeoutMs } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { checkEntrypoint, isName } from "../../domain/names.js"
import { anyValue, checkOptions, oneOf, show, wholeNumber } from "../../domain/options.js"
import { defaultMaxPayloadBytes, encodeHeaders, encodePayload } from "../../domain/payload.js"
import {
  type CodeSchedule,
  type Missed,
  missedModes,
  type Overlap,
  overlapModes,
  type ScheduledJob,
} from "../../ports/schedule-store.js"

/** How the ticks of a schedule become runs. */
export interface ScheduleOptions {
  /** An IANA name, `"Europe/Oslo"`; default UTC. */
  readonly timezone?: string
  /**
   * What becomes of ticks at whose time no worker was there: `"once"` (default) runs once for all of them, at the newest; `"all"` runs each,
   * the newest 100 at most; `"skip"` none.
   */
  readonly missed?: Missed
  /**
   * What becomes of a tick while an earlier run is not over, or in the job form its job has not ended: `"skip"` (default) leaves it out,
   * `"queue"` lets it wait for the end, one at most, `"allow"` runs it beside.
   */
  readonly overlap?: Overlap
  /** Starts each tick up to so much later, always before the next one; default 0. The same tick is as late for all workers. */
  readonly jitter?: Duration
}

/** The job that each tick enqueues. */
export interface JobSchedule {
  readonly entrypoint: string
  /** A JSON value, bytes (`Uint8Array`), or none. */
  readonly payload?: unknown
  /** A whole number from -2147483648 to 2147483647, higher first; default 0. */
  readonly priority?: number | undefined
  /** A plain object of at most 16 KiB as JSON. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  /** Runs at most so many times, 1 to 1,000,000; default: as the entrypoint's `retry` says. */
  readonly maxAttempts?: number | undefined
  /** How long one run may take; default: the entrypoint's `timeout`. */
  readonly timeout?: Duration | undefined
  /** A job that could not start within so long after its tick ends as `deleted`. */
  readonly expireAfter?: Duration | undefined
}

/** A schedule as the code says it, checked. */
export interface ScheduleDefinition extends Omit<CodeSchedule, "nextRun"> {
  readonly cron: CronExpression
}

const optionChecks = {
  timezone: anyValue,
  missed: oneOf(...missedModes),
  overlap: oneOf(...overlapModes),
  jitter: anyValue,
}

const jobChecks = {
  entrypoint: anyValue,
  payload: anyValue,
  priority: wholeNumber(-2_147_483_648, 2_147_483_647),
  headers: anyValue,
  maxAttempts: wholeNumber(1, 1_000_000),
  timeout: anyValue,
  expireAfter: anyValue,
}

/** @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`, `PGQ_SCHEDULE_INVALID`, `PGQ_PAYLOAD_INVALID`, `PGQ_PAYLOAD_TOO_LARGE` */
export function resolveSchedule(
  name: unknown,
  expression: unknown,
  job: unknown,
  options: ScheduleOptions = {},
  maxPayloadBytes: number = defaultMaxPayloadBytes,
): ScheduleDefinition {
  checkName(name)
  const where = `the schedule ${show(name)}`
  checkOptions(where, options, optionChecks)
  const timezone = options.timezone ?? "UTC"
  const cron = parse(where, expression, timezone)
  return {
    name,
    expression: cron.expression,
    timezone: cron.timezone,
    missed: options.missed ?? "once",
    overlap: options.overlap ?? "skip",
    jitterMs: options.jitter === undefined ? 0 : toMilliseconds(options.jitter, `${where}: jitter`),
    job: job === null ? null : resolveJob(where, job, maxPayloadBytes),
    cron,
  }
}

function checkName(name: unknown): asserts name is string {
  if (isName(name)) return
  throw new PgQueuerError("PGQ_NAME_INVALID", `${show(name)} is not the name of a schedule`, {
    remedy: "Give a string of 1 to 255 bytes without NUL characters.",
  })
}

function parse(where: string, expression: unknown, timezone: unknown): CronExpression {
  if (typeof expression !== "string" || typeof timezone !== "string") {
    const [field, value] = typeof expression === "string" ? ["timezone", timezone] : ["expression", expression]
    throw new PgQueuerError("PGQ_SCHEDULE_INVALID", `${where}: ${field} is ${show(value)}`, {
      remedy: 'Give strings: schedule("nightly", "0 3 * * *", handler, { timezone: "Europe/Oslo" }).',
    })
  }
  try {
    return parseCron(expression, timezone)
  } catch (error) {
    if (!(error instanceof PgQueuerError)) throw error
    throw new PgQueuerError(error.code, `${where}: ${error.message}`, { remedy: error.remedy, cause: error })
  }
}

function resolveJob(where: string, job: unknown, maxPayloadBytes: number): ScheduledJob {
  checkOptions(where, job, jobChecks)
  const given = job as JobSchedule
  checkEntrypoint(given.entrypoint)
  return {
    entrypoint: given.entrypoint,
    priority: given.priority ?? 0,
    payload: encodePayload(given.payload, maxPayloadBytes),
    headers: encodeHeaders(given.headers),
    maxAttempts: given.maxAttempts ?? null,
    timeoutMs: given.timeout === undefined ? null : toTimeoutMs(given.timeout),
    expireMs: given.expireAfter === undefined ? null : toMilliseconds(given.expireAfter, `${where}: expireAfter`),
  }
}
