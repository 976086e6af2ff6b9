import { randomBytes } from "node:crypto"
import { guarded } from "../adapters/postgres/guarded.js"
import { PostgresAuditStore } from "../adapters/postgres/postgres-audit-store.js"
import { PostgresJobPageStore } from "../adapters/postgres/postgres-job-page-store.js"
import { PostgresRecentStore } from "../adapters/postgres/postgres-recent-store.js"
import { PostgresRollupStore } from "../adapters/postgres/postgres-rollup-store.js"
import { Statements } from "../adapters/postgres/statement.js"
import { systemClock, wallTime } from "../adapters/system/clock.js"
import { placementFromEnvironment } from "../adapters/system/environment.js"
import { schemaMissing } from "../app/schema-check.js"
import { checkPlacement } from "../domain/names.js"
import type { Driver } from "../ports/driver.js"
import { silentLogger } from "../ports/logger.js"
import { Queries } from "../queries.js"
import { BulkRuns } from "./bulk/bulk-runs.js"
import { errorKeys } from "./error-key.js"
import { Gatekeeper } from "./gatekeeper.js"
import { LiveHub } from "./live/live-hub.js"
import { checkDashboardOptions, type DashboardOptions } from "./options.js"
import { Readings } from "./readings/readings.js"
import { makeRedactor } from "./redactor.js"
import type { Site } from "./site.js"

/** What a server knows of a request beside what it says. */
export interface RequestOrigin {
  /** The client's address, which failed logins are counted by. */
  readonly address?: string
}

/**
 * Answers requests below its base path, whatever the framework: a fetch handler. Its `close` ends live updates, and with them the
 * reading of the database, and waits for the batch that an action on many jobs is at.
 */
export interface Dashboard extends AsyncDisposable {
  (request: Request, origin?: RequestOrigin): Promise<Response>
  /** The same function, for what wants an object with a method. */
  fetch(request: Request, origin?: RequestOrigin): Promise<Response>
  close(): Promise<void>
}

/**
 * The web dashboard of a queue, as a function from a request to a response, to be mounted in any server. Reads through the driver, and
 * acts through it when `write` is set; nobody gets in without `authorize` or `credentials` saying so.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`, also when neither is given; `PGQ_NAME_INVALID`
 */
export function createDashboard(driver: Driver, options: DashboardOptions): Dashboard {
  checkDashboardOptions(options)
  const { schema, prefix, logger = silentLogger } = options
  const given = Object.fromEntries(Object.entries({ schema, prefix }).filter(([, value]) => value !== undefined))
  const placement = checkPlacement({ ...placementFromEnvironment(), ...given })
  const statements = new Statements(placement)
  const queries = new Queries(driver, { ...placement, logger })
  const audit = new PostgresAuditStore(guarded(driver, schemaMissing), statements)
  const redactor = makeRedactor(options.redact ?? [])
  const secret = options.secret ?? randomBytes(32).toString("hex")
  const site: Site = {
    title: options.title ?? "PGQueuer",
    basePath: (options.basePath ?? "").replace(/\/$/, ""),
    write: options.write ?? false,
    placement: `${placement.schema}${placement.prefix === "" ? "" : `.${placement.prefix}`}`,
    hasLogin: options.credentials !== undefined,
    queries,
    readings: new Readings(systemClock),
    redactor,
    audit,
    jobPages: new PostgresJobPageStore(guarded(driver, schemaMissing), statements),
    rollups: new PostgresRollupStore(guarded(driver, schemaMissing), statements),
    recent: new PostgresRecentStore(guarded(driver, schemaMissing), statements),
    errorKey: errorKeys(redactor.active ? secret : ""),
    live: new LiveHub(systemClock),
    bulk: new BulkRuns({ queries, audit, clock: systemClock, now: wallTime, logger }),
    clock: systemClock,
    now: wallTime,
    logger,
  }
  const gatekeeper = new Gatekeeper(site, {
    authorize: options.authorize,
    credentials: options.credentials,
    hosts: options.hosts,
    secret,
  })
  const answer = (request: Request, origin?: RequestOrigin) => gatekeeper.answer(request, addressOf(origin))
  const close = async () => {
    site.live.close()
    await site.bulk.close()
  }
  return Object.assign(answer, { fetch: answer, close, [Symbol.asyncDispose]: close })
}

/** Frameworks give a second argument of their own, which is none of ours. */
function addressOf(origin: unknown): string | undefined {
  const { address } = Object(origin) as Record<string, unknown>
  return typeof address === "string" ? address : undefined
}
