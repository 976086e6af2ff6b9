import { hostname } from "node:os"
import { openHeartbeatThread } from "./adapters/drivers/heartbeat-thread.js"
import { guarded } from "./adapters/postgres/guarded.js"
import { PostgresRetentionStore } from "./adapters/postgres/postgres-retention-store.js"
import { PostgresRollupUpkeepStore } from "./adapters/postgres/postgres-rollup-upkeep-store.js"
import { PostgresSchemaStore } from "./adapters/postgres/postgres-schema-store.js"
import { PostgresWorkerStore } from "./adapters/postgres/postgres-worker-store.js"
import { Statements } from "./adapters/postgres/statement.js"
import { systemClock } from "./adapters/system/clock.js"
import { consoleLogger } from "./adapters/system/console-logger.js"
import { placementFromEnvironment } from "./adapters/system/environment.js"
import { processUsage } from "./adapters/system/process-usage.js"
import { checkDriver } from "./app/check-driver.js"
import { checkSchema, schemaMissing } from "./app/schema-check.js"
import { SharedResources } from "./app/shared-resources.js"
import { EventHub } from "./app/worker/events.js"
import type { JobContext } from "./app/worker/job-context.js"
import { resolveWorkerOptions, type WorkerOptions, workerOptionChecks } from "./app/worker/worker-options.js"
import type { WorkerLifeParts } from "./app/worker-life.js"
import type { AnyJobs, JobMap } from "./domain/job-types.js"
import { checkPlacement } from "./domain/names.js"
import { aBoolean, anObject, anObjectWith, anyValue, checkOptions, wholeNumber } from "./domain/options.js"
import { defaultMaxPayloadBytes, largestPayloadLimit } from "./domain/payload.js"
import { resolveRetention, type WorkerRetentionOptions } from "./domain/retention.js"
import type { Driver } from "./ports/driver.js"
import { type Logger, logEvent } from "./ports/logger.js"
import type { Tracing } from "./ports/tracing.js"
import { Queries } from "./queries.js"
import { packageVersion } from "./version.js"

export interface PgQueuerOptions<R> extends WorkerOptions {
  /** Where the tables are; default `PGQUEUER_SCHEMA`, else `"pgqueuer"`. */
  readonly schema?: string
  /** Before every name in the schema; default `PGQUEUER_PREFIX`, else none. */
  readonly prefix?: string
  /** The largest payload that handlers may enqueue with `context.queries`, and the largest result, in bytes; default 1 MiB. */
  readonly maxPayloadBytes?: number
  /** How long the ends of jobs are kept; default successful 1 day, all others 7 days; and the audit, a year. Give all workers of a queue the same. */
  readonly retention?: WorkerRetentionOptions
  /** Given to every handler as `context.resources`; disposed at the end of `run` where disposable. */
  readonly resources?: R
  /** Any object with debug, info, warn and error; default: warnings and errors to stderr. */
  readonly logger?: Logger
  /** Joins enqueues and runs into traces: `openTelemetryTracing()`, `sentryTracing()`, `logfireTracing()`; default: none. */
  readonly tracing?: Tracing
  /** Whether lines about a job that starts, fails or is retried have its payload, cut at 2,000 characters; default false: payloads may be secret. */
  readonly logPayloads?: boolean
}

/** What a handler gets beside its job. `R` are the resources, `J` may map names of entrypoints to the types of their jobs. */
export type Context<R = Record<string, never>, J extends JobMap<J> = AnyJobs> = JobContext<Queries<J>, R>

/** What the halves of a worker are made of. */
export interface WorkerComposition<J extends JobMap<J>> {
  readonly queries: Queries<J>
  readonly maxPayloadBytes: number
  readonly life: WorkerLifeParts
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID` */
export function composeWorker<R, J extends JobMap<J>>(
  where: string,
  driver: Driver,
  options: PgQueuerOptions<R>,
): WorkerComposition<J> {
  checkOptions(where, options, optionChecks)
  checkDriver(where, driver)
  const { schema, prefix, resources, logger, logPayloads, maxPayloadBytes, retention, tracing, ...worker } = options
  const environment = placementFromEnvironment()
  const placement = checkPlacement({ schema: schema ?? environment.schema, prefix: prefix ?? environment.prefix })
  const statements = new Statements(placement)
  const log = logger ?? consoleLogger
  const queries = new Queries<J>(driver, {
    ...placement,
    logger: log,
    ...(maxPayloadBytes ? { maxPayloadBytes } : {}),
    ...(tracing ? { tracing } : {}),
  })
  const life: WorkerLifeParts = {
    driver,
    channel: statements.channel,
    clock: systemClock,
    random: Math.random,
    now: () => new Date(),
    log,
    logPayloads: logPayloads === true,
    host: hostname(),
    pid: process.pid,
    version: packageVersion,
    options: resolveWorkerOptions(worker),
    maxResultBytes: maxPayloadBytes ?? defaultMaxPayloadBytes,
    resources: new SharedResources(resources ?? {}),
    queries,
    events: new EventHub((event, error) => {
      logEvent(log, "listener.failed", `a listener of the event ${event} threw`, { on: event, error })
    }),
    retention: resolveRetention(retention),
    rollupStore: new PostgresRollupUpkeepStore(guarded(driver, schemaMissing), statements, placement),
    retentionStore: new PostgresRetentionStore(guarded(driver, schemaMissing), statements),
    tracing,
    usage: processUsage,
    makeStore: (on) => new PostgresWorkerStore(on, statements, systemClock),
    openHeartbeatThread: (intervalMs, onFailure) =>
      openHeartbeatThread(driver, statements.text("beat_apart").sql, intervalMs, onFailure),
    checkSchema: () => checkSchema(new PostgresSchemaStore(driver, placement)),
  }
  return { queries, maxPayloadBytes: maxPayloadBytes ?? defaultMaxPayloadBytes, life }
}

const optionChecks = {
  ...workerOptionChecks,
  schema: anyValue,
  prefix: anyValue,
  maxPayloadBytes: wholeNumber(1, largestPayloadLimit),
  retention: anyValue,
  resources: anObject,
  logger: anObject,
  tracing: anObjectWith("startEnqueue", "startRun"),
  logPayloads: aBoolean,
}
