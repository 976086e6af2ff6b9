import { type Duration, looksLikeDuration, toMilliseconds, toTimeoutMs } from "../domain/duration.js"
import { PgQueuerError } from "../domain/errors.js"
import { checkEntrypoint, isName } from "../domain/names.js"
import { anyValue, checkOptions, oneOf, show, wholeNumber } from "../domain/options.js"
import { encodeHeaders, encodePayload } from "../domain/payload.js"
import type { NewJob, When } from "../ports/job-store.js"

/** How one job is enqueued. */
export interface JobOptions {
  /** A whole number from -2147483648 to 2147483647, higher first; default 0. */
  readonly priority?: number | undefined
  /** Not before: a duration from now, a Date, or an ISO 8601 string with a zone. A time in the past means now. */
  readonly executeAfter?: Duration | Date | string | undefined
  /** A plain object of at most 16 KiB as JSON, for trace context and the like. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  /** Runs at most so many times, 1 to 1,000,000; default: as the entrypoint's `retry` says. */
  readonly maxAttempts?: number | undefined
  /** How long one run may take before its signal aborts and it has failed; default: the entrypoint's `timeout`. */
  readonly timeout?: Duration | undefined
  /** A job that could not start by then ends as `deleted`: a duration from now, a Date, or an ISO 8601 string with a zone. */
  readonly expireAfter?: Duration | Date | string | undefined
  /** 1 to 255 bytes: while this job is unfinished or held, no other one of its entrypoint can have the same key. */
  readonly dedupeKey?: string | undefined
}

/**
 * What happens to a job whose dedupe key an unfinished job has: `"raise"` refuses the call, `"skip"` leaves the job out,
 * `"replace"` deletes the other job, unless it runs.
 */
export type OnConflict = "raise" | "skip" | "replace"

/** One job of a batch. */
export interface JobRequest extends JobOptions {
  readonly entrypoint: string
  /** A JSON value, bytes (`Uint8Array`), or none. */
  readonly payload?: unknown
}

const checks = {
  priority: wholeNumber(-2_147_483_648, 2_147_483_647),
  executeAfter: anyValue,
  headers: anyValue,
  maxAttempts: wholeNumber(1, 1_000_000),
  timeout: anyValue,
  expireAfter: anyValue,
  dedupeKey: aDedupeKey,
}

export const checkOnConflict = oneOf("raise", "skip", "replace")

const requestChecks = { ...checks, entrypoint: anyValue, payload: anyValue }

export const jobOptionNames = Object.keys(checks)

/**
 * One job, checked and in the form that is stored.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID`, `PGQ_PAYLOAD_INVALID`, `PGQ_PAYLOAD_TOO_LARGE`
 */
export function parseJob(
  entrypoint: unknown,
  payload: unknown,
  options: JobOptions | undefined,
  maxBytes: number,
): NewJob {
  checkEntrypoint(entrypoint)
  checkOptions("enqueue", options, checks)
  return {
    entrypoint,
    priority: options?.priority ?? 0,
    payload: encodePayload(payload, maxBytes),
    headers: encodeHeaders(options?.headers),
    executeAfter: parseWhen("executeAfter", options?.executeAfter),
    maxAttempts: options?.maxAttempts ?? null,
    timeoutMs: options?.timeout == null ? null : toTimeoutMs(options.timeout),
    expireAfter: parseWhen("expireAfter", options?.expireAfter),
    dedupeKey: options?.dedupeKey ?? null,
  }
}

export function parseRequests(requests: unknown, maxBytes: number): NewJob[] {
  if (!Array.isArray(requests)) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `enqueueMany takes an array of jobs, not ${show(requests)}`, {
      remedy: "Call enqueueMany([{ entrypoint, payload }, …]).",
    })
  }
  return requests.map((request, index) => {
    try {
      checkOptions("a job", request ?? null, requestChecks)
      const { entrypoint, payload, ...options } = request as JobRequest
      return parseJob(entrypoint, payload, options, maxBytes)
    } catch (error) {
      throw error instanceof PgQueuerError ? atIndex(error, index) : error
    }
  })
}

/** The batch form of the original: parallel arrays, the last one optional. */
export function parseColumns(
  entrypoints: readonly unknown[],
  payloads: unknown,
  priorities: unknown,
  maxBytes: number,
): NewJob[] {
  const payloadList = column("payloads", payloads, entrypoints.length)
  const priorityList = column("priorities", priorities, entrypoints.length)
  return entrypoints.map((entrypoint, index) => {
    try {
      const priority = priorityList?.[index] as number | undefined
      return parseJob(entrypoint, payloadList?.[index], { priority }, maxBytes)
    } catch (error) {
      throw error instanceof PgQueuerError ? atIndex(error, index) : error
    }
  })
}

function column(name: string, values: unknown, length: number): readonly unknown[] | undefined {
  if (values === undefined) return undefined
  if (Array.isArray(values) && values.length === length) return values
  const given = Array.isArray(values) ? `${values.length}` : show(values)
  throw new PgQueuerError("PGQ_OPTION_INVALID", `enqueue got ${length} entrypoints and ${given} ${name}`, {
    remedy: "Give arrays of the same length.",
  })
}

function atIndex(error: PgQueuerError, index: number): PgQueuerError {
  return new PgQueuerError(error.code, `job ${index}: ${error.message}`, { remedy: error.remedy, cause: error })
}

function aDedupeKey(key: unknown): string | undefined {
  return isName(key) ? undefined : `must be a string of 1 to 255 bytes without NUL characters, not ${show(key)}`
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID` */
export function parseWhen(option: string, value: unknown): When | null {
  if (value === undefined || value === null) return null
  if (typeof value === "number" || (typeof value === "string" && looksLikeDuration(value))) {
    return { delayMs: toMilliseconds(value, option) }
  }
  const at =
    value instanceof Date ? value : typeof value === "string" && isoWithZone.test(value) ? new Date(value) : undefined
  if (at !== undefined && at.getTime() > farthest) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `${option} is after the year 9999: ${show(at)}`, {
      remedy: "Give an earlier time.",
    })
  }
  if (at === undefined || Number.isNaN(at.getTime())) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `${option} is neither a duration nor a time: ${show(value)}`, {
      remedy:
        'Give a duration ("1h", or milliseconds), a Date, or an ISO 8601 time with a zone ("2030-01-31T08:00:00Z").',
    })
  }
  return { at: at.getTime() < 0 ? longAgo : at }
}

const isoWithZone = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i

/** Beyond the year 9999 the ISO form, in which times are sent, changes its shape; before the year 0, too. */
const farthest = Date.UTC(9999, 11, 31)
const longAgo = new Date(0)
