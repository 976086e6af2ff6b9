import { PgQueuerError } from "../domain/errors.js"
import { aBoolean, anObjectWith, anyValue, type Check, checkOptions, show } from "../domain/options.js"
import type { Logger } from "../ports/logger.js"
import type { Person } from "./person.js"
import type { Credentials } from "./security/credentials.js"

export interface DashboardOptions {
  /**
   * Says who asks, or null for nobody: from your session, a header of your proxy, a token. Called for every request. Either this
   * or `credentials` has to be given; `() => ({ name: "me", role: "admin" })` lets everybody in who reaches the address.
   */
  readonly authorize?: (request: Request) => Person | null | Promise<Person | null>
  /** Who may log in on a page of the dashboard's own, instead of `authorize`. */
  readonly credentials?: Credentials
  /** The path that it is mounted under, such as `"/queue"`; default: none. */
  readonly basePath?: string
  /** In the corner and in the window's title; default `"PGQueuer"`. */
  readonly title?: string
  /** Whether roles above `viewer` may act; default false: everybody only looks. */
  readonly write?: boolean
  /**
   * What nobody gets to see of payloads, headers, results, progress and log lines: `"password"` every field of this name, `"user.card"`
   * only within `user`. Done before anything leaves the server; such values are taken out of errors, too.
   */
  readonly redact?: readonly string[]
  /** Host names it answers to, against DNS rebinding; default: any. */
  readonly hosts?: readonly string[]
  /** Signs sessions and forms; needed where several processes answer for one address. Default: random, so a restart ends all sessions. */
  readonly secret?: string
  /** Where the tables are; default `PGQUEUER_SCHEMA`, else `"pgqueuer"`. */
  readonly schema?: string
  /** Before every name in the schema; default `PGQUEUER_PREFIX`, else none. */
  readonly prefix?: string
  /** Hears of what goes wrong; default: nobody. */
  readonly logger?: Logger
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID` */
export function checkDashboardOptions(options: DashboardOptions): void {
  checkOptions("createDashboard", options, checks)
  if (options.authorize === undefined && options.credentials === undefined) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", "createDashboard does not know who may look", {
      remedy: 'Give authorize: (request) => ({ name, role: "viewer" }) or null, or give credentials.',
    })
  }
  if (options.authorize !== undefined && options.credentials !== undefined) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", "createDashboard was given both authorize and credentials", {
      remedy: "Leave one of them out.",
    })
  }
}

const aText: Check = (value) =>
  typeof value === "string" && value.trim() !== "" ? undefined : `must be a text, not ${show(value)}`

const aFunction: Check = (value) => (typeof value === "function" ? undefined : `must be a function, not ${show(value)}`)

const aPath: Check = (value) =>
  typeof value === "string" && /^(\/[\w.~-]+)*\/?$/.test(value)
    ? undefined
    : `must be a path such as "/queue", not ${show(value)}`

const aSecret: Check = (value) =>
  typeof value === "string" && value.length >= 32 ? undefined : "must be a text of at least 32 characters"

const texts: Check = (value) =>
  Array.isArray(value) && value.every((one) => aText(one) === undefined)
    ? undefined
    : `must be an array of texts, not ${show(value)}`

const checks = {
  authorize: aFunction,
  credentials: anObjectWith("find"),
  basePath: aPath,
  title: aText,
  write: aBoolean,
  redact: texts,
  hosts: texts,
  secret: aSecret,
  schema: anyValue,
  prefix: anyValue,
  logger: anObjectWith("debug", "info", "warn", "error"),
}
