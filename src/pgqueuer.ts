import { hostname } from "node:os"
import { openHeartbeatThread } from "./adapters/drivers/heartbeat-thread.js"
import { guarded } from "./adapters/postgres/guarded.js"
import { PostgresRetentionStore } from "./adapters/postgres/postgres-retention-store.js"
import { PostgresSchemaStore } from "./adapters/postgres/postgres-schema-store.js"
import { PostgresWorkerStore } from "./adapters/postgres/postgres-worker-store.js"
import { Statements } from "./adapters/postgres/statement.js"
import { systemClock } from "./adapters/system/clock.js"
import { consoleLogger } from "./adapters/system/console-logger.js"
import { placementFromEnvironment } from "./adapters/system/environment.js"
import { checkDriver } from "./app/check-driver.js"
import { disposeAll } from "./app/dispose.js"
import type { Handler, HandlerOf } from "./app/handler.js"
import type { Health } from "./app/health.js"
import { QueueManager, type QueueManagerParts, type RunOptions } from "./app/queue-manager.js"
import { SchedulerManager } from "./app/scheduler-manager.js"
import type { ScheduleHandler } from "./app/schedules/schedule-handler.js"
import type { JobSchedule, ScheduleOptions } from "./app/schedules/schedule-options.js"
import { checkSchema, schemaMissing } from "./app/schema-check.js"
import type { EntrypointTypes, TypedEntrypoint } from "./app/typed-entrypoint.js"
import type { EntrypointOptions } from "./app/worker/entrypoint-options.js"
import type { EventListener, WorkerEvents } from "./app/worker/events.js"
import type { JobContext } from "./app/worker/job-context.js"
import { resolveWorkerOptions, type WorkerOptions, workerOptionChecks } from "./app/worker/worker-options.js"
import type { AnyJobs, JobMap, JobName } from "./domain/job-types.js"
import { checkPlacement } from "./domain/names.js"
import { aBoolean, anObject, anObjectWith, anyValue, checkOptions, wholeNumber } from "./domain/options.js"
import { defaultMaxPayloadBytes, largestPayloadLimit } from "./domain/payload.js"
import { type RetentionOptions, resolveRetention } from "./domain/retention.js"
import type { Driver } from "./ports/driver.js"
import type { Logger } from "./ports/logger.js"
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
  /** How long the ends of jobs are kept; default successful 1 day, all others 7 days. Give all workers of a queue the same. */
  readonly retention?: RetentionOptions
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

/** A worker: register entrypoints, then `run`. `R` are the resources, `J` may map names of entrypoints to the types of their jobs. */
export class PgQueuer<R = Record<string, never>, J extends JobMap<J> = AnyJobs> {
  readonly qm: QueueManager<Queries<J>, R, J>
  readonly sm: SchedulerManager<Queries<J>, R>
  readonly queries: Queries<J>
  readonly #resources: R

  /** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID` */
  constructor(driver: Driver, options: PgQueuerOptions<R> = {}) {
    checkOptions("PgQueuer", options, pgQueuerChecks)
    checkDriver("PgQueuer", driver)
    const { schema, prefix, resources, logger, logPayloads, maxPayloadBytes, retention, tracing, ...worker } = options
    const environment = placementFromEnvironment()
    const placement = checkPlacement({ schema: schema ?? environment.schema, prefix: prefix ?? environment.prefix })
    const statements = new Statements(placement)
    const log = logger ?? consoleLogger
    this.#resources = (resources ?? {}) as R
    this.queries = new Queries<J>(driver, {
      ...placement,
      logger: log,
      ...(maxPayloadBytes ? { maxPayloadBytes } : {}),
      ...(tracing ? { tracing } : {}),
    })
    const parts: QueueManagerParts<Queries<J>, R> = {
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
      resources: this.#resources,
      queries: this.queries,
      retention: resolveRetention(retention),
      retentionStore: new PostgresRetentionStore(guarded(driver, schemaMissing), statements),
      tracing,
      makeStore: (on) => new PostgresWorkerStore(on, statements),
      openHeartbeatThread: (intervalMs, onFailure) =>
        openHeartbeatThread(driver, statements.text("beat_apart").sql, intervalMs, onFailure),
      checkSchema: () => checkSchema(new PostgresSchemaStore(driver, placement)),
    }
    this.qm = new QueueManager<Queries<J>, R, J>(parts)
    const schedulesOnly = new QueueManager<Queries<J>, R, J>(parts)
    this.sm = new SchedulerManager<Queries<J>, R>({
      maxPayloadBytes,
      isRunning: () => this.qm.isRunning || schedulesOnly.isRunning,
      run: (runOptions) => schedulesOnly.runWith(this.sm.entries, runOptions),
      stop: (stopOptions) => schedulesOnly.stop(stopOptions),
    })
  }

  /** Registers the handler of an entrypoint, by its name or as it was defined. Before `run`. The options win over those of the definition. */
  entrypoint<K extends JobName<J>>(name: K, handler: HandlerOf<Queries<J>, R, J, K>, options?: EntrypointOptions): void
  entrypoint<T extends EntrypointTypes>(
    definition: TypedEntrypoint<T>,
    handler: Handler<Queries<J>, R, T["payload"], T["returned"]>,
    options?: EntrypointOptions,
  ): void
  entrypoint(what: never, handler: never, options?: EntrypointOptions): void {
    this.qm.entrypoint(what, handler, options)
  }

  /**
   * Registers what recurs, under a name that is its identity: a handler, or the job that each tick enqueues. Before `run`.
   *
   * @param expression - five fields, six with the seconds last, or `@hourly` and the like
   * @throws PgQueuerError `PGQ_SCHEDULE_INVALID`, `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`, `PGQ_PAYLOAD_INVALID`, `PGQ_PAYLOAD_TOO_LARGE`,
   * `PGQ_WORKER_STATE` while the worker runs
   */
  schedule(
    name: string,
    expression: string,
    what: ScheduleHandler<Queries<J>, R> | JobSchedule,
    options?: ScheduleOptions,
  ): void {
    this.sm.schedule(name, expression, what, options)
  }

  /** Hears what happens in this process; answers with a function that takes the listener off again. */
  on<E extends keyof WorkerEvents>(event: E, listener: EventListener<E>): () => void {
    return this.qm.on(event, listener)
  }

  /** How the worker is at this moment, without asking anybody: for probes and dashboards of its own process. */
  health(): Health {
    return this.qm.health()
  }

  /** Runs until it is stopped, or drained; then disposes the resources. */
  async run(options: RunOptions = {}): Promise<void> {
    try {
      await this.qm.runWith(this.sm.entries, options)
    } finally {
      await disposeAll(Object.values(this.#resources as object))
    }
  }

  /** Stops gracefully; `now` waits for no handler. */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    await Promise.all([this.qm.stop(options), this.sm.stop(options)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

const pgQueuerChecks = {
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
