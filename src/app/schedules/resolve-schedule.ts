import { type CronExpression, parseCron } from "../../domain/cron-expression.js"
import { toMilliseconds, toTimeoutMs } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { checkEntrypoint, checkScheduleName } from "../../domain/names.js"
import { anyValue, checkOptions, oneOf, show, wholeNumber } from "../../domain/options.js"
import { encodeHeaders, encodePayload } from "../../domain/payload.js"
import { missedModes, overlapModes, type ScheduledJob } from "../../ports/schedule-store.js"
import type { ScheduleEntry, ScheduleHandler } from "./schedule-handler.js"
import type { JobSchedule, ScheduleOptions } from "./schedule-options.js"

/**
 * Checks what the code says of a schedule.
 *
 * @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`, `PGQ_SCHEDULE_INVALID`, `PGQ_PAYLOAD_INVALID`, `PGQ_PAYLOAD_TOO_LARGE`
 */
export function resolveSchedule(
  name: unknown,
  expression: unknown,
  what: unknown,
  options: ScheduleOptions = {},
  maxPayloadBytes?: number,
): ScheduleEntry {
  checkScheduleName(name)
  const where = `the schedule ${show(name)}`
  const handler = handlerOf(where, what)
  checkOptions(where, options, optionChecks)
  if (handler === undefined && options.timeout !== undefined) throw timeoutOfJob(where)
  const cron = parse(where, expression, options.timezone ?? "UTC")
  return {
    definition: {
      name,
      expression: cron.expression,
      timezone: cron.timezone,
      missed: options.missed ?? "once",
      overlap: options.overlap ?? "skip",
      jitterMs: options.jitter === undefined ? 0 : toMilliseconds(options.jitter, `${where}: jitter`),
      job: handler === undefined ? within(where, () => resolveJob(where, what, maxPayloadBytes)) : null,
      cron,
    },
    handler,
    timeoutMs: options.timeout === undefined ? null : within(where, () => toTimeoutMs(options.timeout)),
  }
}

const optionChecks = {
  timezone: anyValue,
  missed: oneOf(...missedModes),
  overlap: oneOf(...overlapModes),
  jitter: anyValue,
  timeout: anyValue,
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

function handlerOf(where: string, what: unknown): ScheduleHandler<unknown, unknown> | undefined {
  if (typeof what === "function") return what as ScheduleHandler<unknown, unknown>
  if (typeof what === "object" && what !== null) return undefined
  throw new PgQueuerError("PGQ_OPTION_INVALID", `${where} has ${show(what)} in the place of a handler or a job`, {
    remedy: "Give a function, async (schedule, context) => …, or the job to enqueue: { entrypoint, payload }.",
  })
}

function timeoutOfJob(where: string): PgQueuerError {
  return new PgQueuerError(
    "PGQ_OPTION_INVALID",
    `${where} enqueues a job, whose timeout stands beside its entrypoint`,
    {
      remedy: 'Give schedule(name, expression, { entrypoint: "report", timeout: "5m" }).',
    },
  )
}

function parse(where: string, expression: unknown, timezone: unknown): CronExpression {
  if (typeof expression !== "string" || typeof timezone !== "string") {
    const [field, value] = typeof expression === "string" ? ["timezone", timezone] : ["expression", expression]
    throw new PgQueuerError("PGQ_SCHEDULE_INVALID", `${where}: ${field} is ${show(value)}`, {
      remedy: 'Give strings: schedule("nightly", "0 3 * * *", handler, { timezone: "Europe/Oslo" }).',
    })
  }
  return within(where, () => parseCron(expression, timezone))
}

/** Errors of a schedule name it: a worker may register many. */
function within<T>(where: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof PgQueuerError) || error.message.startsWith(where)) throw error
    throw new PgQueuerError(error.code, `${where}: ${error.message}`, { remedy: error.remedy, cause: error })
  }
}

function resolveJob(where: string, job: unknown, maxPayloadBytes: number | undefined): ScheduledJob {
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
