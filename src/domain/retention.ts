import { type Duration, toMilliseconds } from "./duration.js"
import { PgQueuerError } from "./errors.js"
import { anyValue, checkOptions, show } from "./options.js"

/** How long the ends of jobs are kept, by status. `0` keeps nothing, `false` keeps for ever; `false` instead of all of it keeps everything. */
export type RetentionOptions = { readonly [S in FinalStatus]?: Duration | false } | false

export type FinalStatus = (typeof finalStatuses)[number]

/** Milliseconds since the end; null keeps for ever. */
export type Retention = { readonly [S in FinalStatus]: number | null }

export const finalStatuses = ["successful", "exception", "canceled", "deleted"] as const

/** The same for all workers of a queue, and how long it is kept who did what. */
export type WorkerRetentionOptions =
  | (Exclude<RetentionOptions, false> & {
      /** Rows of the audit, from when it was done; default a year, which covers most reviews: there are few of them. */
      readonly audit?: Duration | false
    })
  | false

export type WorkerRetention = Retention & { readonly audit: number | null }

/** Ends that went well are looked at for a day; those that did not, or that somebody brought about, for a week. */
const defaults: RetentionOptions = { successful: "1d", exception: "7d", canceled: "7d", deleted: "7d" }
const auditDefault = "365d"

/**
 * What a worker goes by where an entrypoint has no ages of its own.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function resolveRetention(given: WorkerRetentionOptions = {}): WorkerRetention {
  if (typeof given !== "object" || given === null || !("audit" in given)) {
    return { ...agesOfEnds(given), audit: given === false ? null : ageOf(auditDefault, "retention.audit") }
  }
  const { audit = auditDefault, ...ends } = given
  return { ...agesOfEnds(ends), audit: ageOf(audit, "retention.audit") }
}

function agesOfEnds(given: RetentionOptions): Retention {
  return { ...allOf(null), ...givenAges(defaults, "retention"), ...givenAges(given, "retention") }
}

/**
 * The ages of one entrypoint, as its row keeps them: only those that were given.
 *
 * @returns null when nothing was given
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function resolveOwnRetention(given: RetentionOptions | undefined): Partial<Retention> | null {
  const ages = given === undefined ? {} : givenAges(given, "retention")
  return Object.keys(ages).length === 0 ? null : ages
}

function givenAges(given: RetentionOptions, where: string): Partial<Retention> {
  if (given === false) return allOf(null)
  if (typeof given !== "object" || given === null) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `${where} is ${show(given)}`, {
      remedy: 'Give ages by status, as { successful: "1d", exception: "7d" }, or false to keep everything.',
    })
  }
  checkOptions(where, given, Object.fromEntries(finalStatuses.map((status) => [status, anyValue])))
  const ages: { [S in FinalStatus]?: number | null } = {}
  for (const status of finalStatuses) {
    const age = given[status]
    if (age !== undefined) ages[status] = ageOf(age, `${where}.${status}`)
  }
  return ages
}

function ageOf(age: Duration | false, where: string): number | null {
  return age === false ? null : toMilliseconds(age, where)
}

function allOf(age: null): Retention {
  return { successful: age, exception: age, canceled: age, deleted: age }
}
