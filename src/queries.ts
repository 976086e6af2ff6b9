import { bounded } from "./adapters/postgres/bounded.js"
import { guarded, guardedTransaction } from "./adapters/postgres/guarded.js"
import { PostgresActionStore } from "./adapters/postgres/postgres-action-store.js"
import { PostgresHealthStore } from "./adapters/postgres/postgres-health-store.js"
import { PostgresInspectionStore } from "./adapters/postgres/postgres-inspection-store.js"
import { PostgresMetricStore } from "./adapters/postgres/postgres-metric-store.js"
import { PostgresOperationStore } from "./adapters/postgres/postgres-operation-store.js"
import { PostgresRetentionStore } from "./adapters/postgres/postgres-retention-store.js"
import { PostgresRollupStore } from "./adapters/postgres/postgres-rollup-store.js"
import { PostgresScheduleRecords } from "./adapters/postgres/postgres-schedule-records.js"
import { PostgresSchemaStore } from "./adapters/postgres/postgres-schema-store.js"
import { PostgresTableOptionsStore } from "./adapters/postgres/postgres-table-options-store.js"
import { inSnapshot } from "./adapters/postgres/snapshot.js"
import { Statements } from "./adapters/postgres/statement.js"
import { systemClock, wallTime } from "./adapters/system/clock.js"
import { placementFromEnvironment } from "./adapters/system/environment.js"
import { checkDriver } from "./app/check-driver.js"
import type { Diagnosis } from "./app/doctor/diagnosis.js"
import { type DoctorOptions, diagnose } from "./app/doctor/doctor.js"
import { type TableTuning, type TuneOptions, tune } from "./app/doctor/tune.js"
import { type DrainResult, drainWorkers } from "./app/drain-workers.js"
import type {
  BatchOptions,
  EnqueueOptions,
  PayloadColumn,
  TypedJobRequest,
  WholeBatchOptions,
  WholeEnqueueOptions,
} from "./app/enqueue-options.js"
import { type Explanation, explain } from "./app/explain.js"
import {
  type ActionResult,
  cancelJobs,
  checkIds,
  deleteJobs,
  parseReschedule,
  type RescheduleOptions,
  requeueJobs,
  rescheduleJobs,
} from "./app/job-actions.js"
import { type JobHandle, makeJobHandle } from "./app/job-handle.js"
import { changeEntrypoint, type LimitsByHand, setLimits } from "./app/limits-by-hand.js"
import { MetricReader, type MetricsOptions } from "./app/metrics/metric-reader.js"
import { checkOnConflict, jobOptionNames, parseColumns, parseJob, parseRequests } from "./app/parse-enqueue.js"
import { type PruneOptions, prune } from "./app/prune.js"
import { readDepth } from "./app/rollups/depth.js"
import {
  type ActivityOptions,
  type EntrypointActivity,
  type History,
  type HistoryOptions,
  type OutcomeCount,
  readActivity,
  readHistory,
  readSamples,
  readStatistics,
  type SampleSeries,
  type SamplesOptions,
  type StatisticsOptions,
} from "./app/rollups/history.js"
import {
  actOnSchedules,
  listSchedules,
  type PreviewOptions,
  previewSchedule,
  type ScheduleActionResult,
} from "./app/schedules/schedule-actions.js"
import { schemaMissing } from "./app/schema-check.js"
import type { FailedAttempt, JobProgress, JobRecord, LogLine } from "./domain/job.js"
import type { AnyJobs, InputOf, JobMap, JobName, OutputOf, PayloadArguments, Stored } from "./domain/job-types.js"
import { checkEntrypoint, checkPlacement, checkScheduleName, type Placement } from "./domain/names.js"
import { aBoolean, anObjectWith, anyValue, checkOptions, oneOf, wholeNumber } from "./domain/options.js"
import { defaultMaxPayloadBytes, largestPayloadLimit } from "./domain/payload.js"
import { type Status, statuses } from "./domain/status.js"
import type { Driver } from "./ports/driver.js"
import type { ActionStore, InspectionStore, QueueSize } from "./ports/job-store.js"
import { type Logger, silentLogger } from "./ports/logger.js"
import type { MetricReadings } from "./ports/metric-store.js"
import type { EntrypointLimits, OperationStore, WorkerRecord } from "./ports/operation-store.js"
import type { PruneCount } from "./ports/retention-store.js"
import type { Depth, Rollup, RollupStore } from "./ports/rollup-store.js"
import type { ScheduleRecord, ScheduleRecords, ScheduleRunRecord } from "./ports/schedule-records.js"
import type { SchemaState } from "./ports/schema-store.js"
import type { Tracing } from "./ports/tracing.js"
import { Producer } from "./producer.js"

export interface QueriesOptions {
  /** Where the tables are; default `PGQUEUER_SCHEMA`, else `"pgqueuer"`. */
  readonly schema?: string
  /** Before every name in the schema; default `PGQUEUER_PREFIX`, else none. */
  readonly prefix?: string
  /** The largest payload in bytes; default 1 MiB. */
  readonly maxPayloadBytes?: number
  /** Hears of failures that no call can report; default: nobody. */
  readonly logger?: Logger
  /** Joins enqueues and runs into traces: `openTelemetryTracing()`, `sentryTracing()`, `logfireTracing()`; default: none. */
  readonly tracing?: Tracing
}

export interface JobsFilter {
  readonly status?: Status
  readonly entrypoint?: string
  /** 1 to 10,000; default 100. */
  readonly limit?: number
  /** Only jobs with a lower id than this: the last id of the page before. */
  readonly after?: string
}

export interface ScheduleRunsOptions {
  /** 1 to 10,000; default 100. */
  readonly limit?: number
  /** Only runs with a lower id than this: the last id of the page before. */
  readonly after?: string
}

export interface LogsOptions {
  /** Only lines after this one: the last id of the page before. */
  readonly after?: string
  /** 1 to 10,000; default 1,000. */
  readonly limit?: number
}

/**
 * Enqueues jobs, looks at them and acts on them. Cheap to make: what calls share is kept with the driver.
 * `J` may map names of entrypoints to the types of their jobs; without it any name and payload is taken.
 */
export class Queries<J extends JobMap<J> = AnyJobs> {
  readonly #driver: Driver
  readonly #placement: Placement
  readonly #maxBytes: number
  readonly #statements: Statements
  readonly #inspection: InspectionStore
  readonly #operation: OperationStore
  readonly #schema: PostgresSchemaStore
  readonly #schedules: ScheduleRecords
  readonly #producer: Producer
  readonly #rollups: RollupStore
  readonly #metrics: MetricReader

  constructor(driver: Driver, options: QueriesOptions = {}) {
    checkOptions("Queries", options, queriesChecks)
    this.#driver = driver
    this.#placement = checkPlacement({ ...placementFromEnvironment(), ...defined(options) })
    checkDriver("Queries", driver)
    this.#maxBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes
    this.#statements = new Statements(this.#placement)
    this.#inspection = new PostgresInspectionStore(guarded(driver, schemaMissing), this.#statements)
    this.#operation = new PostgresOperationStore(guarded(driver, schemaMissing), this.#statements)
    this.#schema = new PostgresSchemaStore(driver, this.#placement)
    this.#schedules = new PostgresScheduleRecords(guarded(driver, schemaMissing), this.#statements)
    this.#rollups = new PostgresRollupStore(guarded(driver, schemaMissing), this.#statements)
    this.#metrics = new MetricReader({
      clock: systemClock,
      codeVersion: this.#schema.codeVersion,
      inSnapshot: (timeoutMs, signal, work) =>
        inSnapshot(driver, schemaMissing, { timeoutMs, signal }, (on) =>
          work({
            metrics: new PostgresMetricStore(on, this.#statements),
            rollups: new PostgresRollupStore(on, this.#statements),
          }),
        ),
    })
    this.#producer = new Producer({
      driver,
      placement: this.#placement,
      statements: this.#statements,
      schema: this.#schema,
      log: options.logger ?? silentLogger,
      tracing: options.tracing,
    })
  }

  /**
   * Writes one job, or a batch as parallel arrays, and answers with the ids in order, once they are durable.
   *
   * @throws PgQueuerError with nothing written: `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID`, `PGQ_PAYLOAD_INVALID`,
   * `PGQ_PAYLOAD_TOO_LARGE`, `PGQ_DUPLICATE_KEY`, `PGQ_DUPLICATE_RUNNING`, `PGQ_SCHEMA_…`; `PGQ_OUTCOME_UNKNOWN` when the
   * connection broke and nobody knows
   */
  enqueue<K extends JobName<J>>(
    entrypoint: K,
    ...args: PayloadArguments<InputOf<J, K>, WholeEnqueueOptions>
  ): Promise<string[]>
  /** With `onConflict: "skip"` the id is null when the dedupe key is taken. */
  enqueue<K extends JobName<J>>(
    entrypoint: K,
    payload: InputOf<J, K>,
    options: EnqueueOptions,
  ): Promise<(string | null)[]>
  enqueue<const Names extends readonly JobName<J>[]>(
    entrypoints: Names,
    payloads?: PayloadColumn<J, Names>,
    priorities?: readonly number[],
  ): Promise<string[]>
  async enqueue(entrypoint: unknown, payload?: unknown, third?: unknown): Promise<(string | null)[]> {
    if (Array.isArray(entrypoint))
      return this.#producer.write(parseColumns(entrypoint, payload, third, this.#maxBytes), {})
    checkOptions("enqueue", third, enqueueChecks)
    const { transaction, onConflict, ...options } = (third ?? {}) as EnqueueOptions
    return this.#producer.write(
      [parseJob(entrypoint, payload, options, this.#maxBytes)],
      { transaction, onConflict },
      true,
    )
  }

  /** Writes many jobs in one statement, all or nothing: 10,000 at once are fine. The ids are in the order of the jobs. */
  enqueueMany(requests: readonly TypedJobRequest<J>[], options?: WholeBatchOptions): Promise<string[]>
  /** With `onConflict` `"skip"` or `"replace"` the id of a job that was left out is null. */
  enqueueMany(requests: readonly TypedJobRequest<J>[], options: BatchOptions): Promise<(string | null)[]>
  async enqueueMany(requests: readonly TypedJobRequest<J>[], options: BatchOptions = {}): Promise<(string | null)[]> {
    checkOptions("enqueueMany", options, batchChecks)
    return this.#producer.write(parseRequests(requests, this.#maxBytes), options)
  }

  /**
   * A job by its id, to wait for its end, take its result or cancel it. Its entrypoint says of which type the result is.
   * All handles on one driver share a `CompletionWatcher`, which holds no connection while nobody waits.
   *
   * @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`; its `wait` and `result` reject with `PGQ_UNSUPPORTED` on a
   * driver that is inside a transaction
   */
  handle<K extends JobName<J>>(entrypoint: K, id: string): JobHandle<Stored<OutputOf<J, K>>> {
    checkEntrypoint(entrypoint)
    checkIds([id])
    return makeJobHandle(entrypoint, id, { watcher: () => this.#producer.watcher(), cancel: (one) => this.cancel(one) })
  }

  /** The exact number of unfinished jobs by entrypoint and status. Reads the backlog: for people, not for metrics. */
  queueSize(): Promise<readonly QueueSize[]> {
    return this.#inspection.countUnfinished()
  }

  /**
   * Jobs, newest first.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID`
   */
  async jobs(filter: JobsFilter = {}): Promise<readonly JobRecord[]> {
    checkOptions("jobs", filter, filterChecks)
    if (filter.entrypoint !== undefined) checkEntrypoint(filter.entrypoint)
    if (filter.after !== undefined) checkIds([filter.after])
    const ids = await this.#inspection.listJobIds({
      status: filter.status ?? null,
      entrypoint: filter.entrypoint ?? null,
      after: filter.after ?? null,
      limit: filter.limit ?? 100,
    })
    const found = new Map((await this.#inspection.findJobs(ids)).map((job) => [job.id, job]))
    return ids.flatMap((id) => found.get(id) ?? [])
  }

  /** One job, or undefined when there is none with this id. */
  async job(id: string): Promise<JobRecord | undefined> {
    checkIds([id])
    return (await this.#inspection.findJobs([id]))[0]
  }

  /** What a job's handler last said of how far it is; undefined when it said nothing. To be had while the job runs. */
  async progress(id: string): Promise<JobProgress | undefined> {
    checkIds([id])
    return this.#inspection.findProgress(id)
  }

  /**
   * What a job's handlers logged with `context.log`, from `info` up, oldest first; at most 1,000 lines of an attempt are kept.
   * To be had while the job runs, about half a second later.
   */
  async logs(id: string, options: LogsOptions = {}): Promise<readonly LogLine[]> {
    checkOptions("logs", options, { after: anyValue, limit: wholeNumber(1, 10_000) })
    const { after, limit = 1_000 } = options
    checkIds(after === undefined ? [id] : [id, after])
    return this.#inspection.findLogLines(id, after ?? null, limit)
  }

  /** The failed attempts of a job, oldest first, with their tracebacks. */
  async failures(id: string): Promise<readonly FailedAttempt[]> {
    checkIds([id])
    return this.#inspection.findFailures(id)
  }

  /**
   * Cancels jobs, in one transaction, and says of each id what was done. A job that waits never runs: `{ done: true, status:
   * "canceled" }`. One that runs is asked to stop: `{ done: true, status: "picked" }`; its signal is aborted within a second, and
   * it ends as `canceled` as soon as its handler has ended, whatever that returns.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID` for what is not an id
   */
  async cancel(ids: string | readonly string[]): Promise<ActionResult[]> {
    const list = typeof ids === "string" ? [ids] : ids
    checkIds(list)
    return this.#act((store) => cancelJobs(store, list))
  }

  /** Deletes jobs that wait or are held: by id, or all of one entrypoint. Their end is recorded as `deleted`. */
  async delete(what: string | readonly string[] | { readonly entrypoint: string }): Promise<ActionResult[]> {
    if (typeof what === "object" && !Array.isArray(what))
      return this.#deleteAll((what as { entrypoint: unknown }).entrypoint)
    const list = typeof what === "string" ? [what] : what
    checkIds(list)
    return this.#act((store) => deleteJobs(store, list))
  }

  /**
   * Gives jobs that wait another time, another priority, or both, in one transaction: `{ done: true }` with where the job stands
   * now, `queued` or `deferred`. One that may start now does so at once, behind the others of its priority.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`, also when neither is given
   */
  async reschedule(ids: string | readonly string[], options: RescheduleOptions): Promise<ActionResult[]> {
    const list = typeof ids === "string" ? [ids] : ids
    checkIds(list)
    const change = parseReschedule(options)
    return this.#act((store) => rescheduleJobs(store, list, change))
  }

  /**
   * Puts jobs that are held as `failed` back into line, by id or all of one entrypoint, for one more attempt: `{ done: true,
   * status: "queued" }`. Their dedupe keys stay taken all the while.
   */
  async requeue(what: string | readonly string[] | { readonly entrypoint: string }): Promise<ActionResult[]> {
    if (typeof what === "object" && !Array.isArray(what))
      return this.#requeueAll((what as { entrypoint: unknown }).entrypoint)
    const list = typeof what === "string" ? [what] : what
    checkIds(list)
    return this.#act((store) => requeueJobs(store, list))
  }

  /**
   * How many jobs ended how in the last so long, by entrypoint and status: as in `activity`, `since` being its `last`.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`
   */
  statistics(options?: StatisticsOptions): Promise<readonly OutcomeCount[]> {
    return readStatistics(this.#rollups, options)
  }

  /**
   * What ended in each step of a time: how many jobs how, how long they ran and waited. Of all entrypoints together, or of one.
   * Counted when jobs end, whoever enqueued them; reads no history and no backlog.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID`
   */
  history(options?: HistoryOptions): Promise<History> {
    return readHistory(this.#rollups, options)
  }

  /**
   * The same over all of a time, for each entrypoint of which something ended.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`
   */
  activity(options?: ActivityOptions): Promise<readonly EntrypointActivity[]> {
    return readActivity(this.#rollups, options)
  }

  /**
   * How many jobs stand where, by entrypoint, and how long the oldest one has waited: exact up to 10,000 jobs in a place, beyond that an
   * estimate that says so. Quick whatever the backlog.
   */
  depth(): Promise<Depth> {
    return readDepth(this.#rollups)
  }

  /**
   * What the workers measured once a minute: jobs in a place and the oldest wait (ms), by entrypoint and of all (`""`); bytes and dead
   * rows, by table.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`
   */
  samples(options: SamplesOptions): Promise<readonly SampleSeries[]> {
    return readSamples(this.#rollups, options)
  }

  /** All that ever ended, by entrypoint, with histograms that can be added: for counters, which never fall. */
  async totals(): Promise<readonly Rollup[]> {
    const everything = { entrypoint: null, span: "ever", lastMs: null, stepMs: null } as const
    return (await this.#rollups.readRollups(everything)).rollups
  }

  /**
   * All that metrics show, in one snapshot of the database: see `pgqueuer/prometheus` and `pgqueuer/opentelemetry`. At most one reading is under
   * way; who asks meanwhile gets the same.
   *
   * @throws PgQueuerError `PGQ_TIMEOUT`; `PGQ_OPTION_INVALID`; `PGQ_SCHEMA_…`; `PGQ_UNSUPPORTED` on a driver inside a transaction; `PGQ_CONNECTION_…`
   */
  metrics(options?: MetricsOptions): Promise<MetricReadings> {
    return this.#metrics.read(options)
  }

  /** What limits and pauses there are, and how much of them is used: of all entrypoints with settings, jobs in hand or a running worker. */
  limits(): Promise<readonly EntrypointLimits[]> {
    return this.#operation.listLimits(null)
  }

  /**
   * Sets limits of an entrypoint by hand; they win over what the code says until `resetLimits`. Workers follow at once.
   *
   * @returns what holds now; `known` is false when the name may be mistyped, and the limits are set all the same
   * @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`
   */
  setLimits(entrypoint: string, limits: LimitsByHand): Promise<EntrypointLimits> {
    return setLimits(this.#operation, entrypoint, limits)
  }

  /** Lets the code's limits hold again. */
  resetLimits(entrypoint: string): Promise<EntrypointLimits> {
    const change = { concurrencyLimit: "reset", requestsPerSecond: "reset" } as const
    return changeEntrypoint(this.#operation, entrypoint, change)
  }

  /** Lets no worker take another job of this entrypoint until `resume`. Jobs that run go on; others can be enqueued, and wait. */
  pause(entrypoint: string): Promise<EntrypointLimits> {
    return changeEntrypoint(this.#operation, entrypoint, { paused: true })
  }

  resume(entrypoint: string): Promise<EntrypointLimits> {
    return changeEntrypoint(this.#operation, entrypoint, { paused: false })
  }

  /**
   * Why a job is not running, or where it is: all reasons that hold, in words.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID` for what is no id; an id that no job has is a reason
   */
  async explain(id: string): Promise<Explanation> {
    checkIds([id])
    return explain(this.#operation, id)
  }

  /** The workers, newest first: those that run or hold jobs; with `all` also those that stopped within the last week. */
  async workers(options: { readonly all?: boolean } = {}): Promise<readonly WorkerRecord[]> {
    checkOptions("workers", options, { all: aBoolean })
    return this.#operation.listWorkers(options.all === true)
  }

  /**
   * Asks running workers to take nothing more and to end cleanly, as a signal would: handlers run on until `shutdownTimeout`, then their jobs go back
   * into line. Says of each id what was done. A process manager may start another worker in its place.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID` for what is no id
   */
  drainWorkers(ids: string | readonly string[]): Promise<readonly DrainResult[]> {
    return drainWorkers(this.#operation, ids)
  }

  /** All schedules by name: when they run next, how they ran last, and whether a running worker has code for them. */
  schedules(): Promise<ScheduleRecord[]> {
    return listSchedules(this.#schedules)
  }

  /** The runs of a schedule and the ticks that were left out, newest first; none for a name that is not known. */
  async scheduleRuns(name: string, options: ScheduleRunsOptions = {}): Promise<readonly ScheduleRunRecord[]> {
    checkOptions("scheduleRuns", options, { limit: wholeNumber(1, 10_000), after: anyValue })
    checkScheduleName(name)
    if (options.after !== undefined) checkIds([options.after])
    return this.#schedules.runs(name, options.after ?? null, options.limit ?? 100)
  }

  /** Lets no tick of these schedules start until they are resumed. A run that is under way goes on. */
  pauseSchedules(names: string | readonly string[]): Promise<ScheduleActionResult[]> {
    return actOnSchedules(this.#schedules, "pause", names)
  }

  /** Lets them run again from the next tick on: what fell into the pause is not made up for. */
  resumeSchedules(names: string | readonly string[]): Promise<ScheduleActionResult[]> {
    return actOnSchedules(this.#schedules, "resume", names)
  }

  /**
   * Runs each once as soon as a worker that has code for it can, also while it is paused; its ticks stay as they are. It waits for an
   * earlier run to end unless `overlap` is `"allow"`.
   */
  triggerSchedules(names: string | readonly string[]): Promise<ScheduleActionResult[]> {
    return actOnSchedules(this.#schedules, "trigger", names)
  }

  /** Removes them, with runs that wait. A schedule that is still in the code comes back when a worker starts. */
  removeSchedules(names: string | readonly string[]): Promise<ScheduleActionResult[]> {
    return actOnSchedules(this.#schedules, "remove", names)
  }

  /**
   * The next runs of a schedule by its name, or of a cron expression, from now on.
   *
   * @throws PgQueuerError `PGQ_SCHEDULE_UNKNOWN`, `PGQ_SCHEDULE_INVALID`, `PGQ_OPTION_INVALID`
   */
  previewSchedule(nameOrExpression: string, options: PreviewOptions = {}): Promise<Date[]> {
    return previewSchedule(this.#schedules, nameOrExpression, options)
  }

  /**
   * Removes the history of ended jobs, as the workers do by themselves, and answers with how many went, by entrypoint and status.
   * Never a job that is unfinished or held.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID`
   */
  prune(options: PruneOptions = {}): Promise<readonly PruneCount[]> {
    return prune(new PostgresRetentionStore(guarded(this.#driver, schemaMissing), this.#statements), options)
  }

  /** Creates the tables; answers with the versions that were applied: none when all is there. Two at once both end well. */
  install(): Promise<readonly number[]> {
    return this.#schema.migrate()
  }

  /** Brings the tables to the version that this code needs. */
  async upgrade(): Promise<readonly number[]> {
    if ((await this.#schema.readState()) === undefined) throw schemaMissing()
    return this.#schema.migrate()
  }

  /** The SQL of `install`, or of an upgrade from a version, for psql. */
  installScript(fromVersion = 0): string {
    return this.#schema.script(fromVersion)
  }

  /** Removes the tables and all jobs, and the schema when nothing else is in it. */
  uninstall(): Promise<void> {
    return this.#schema.uninstall()
  }

  /**
   * Whether the database is sound for a queue: what is wrong, how bad, since when, and what to do. Reads the catalog and no backlog,
   * waits 2 seconds for no lock, and needs a viewer's rights at most; what it may not read is a note. Of the driver it takes up to
   * two connections at a time.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`; `PGQ_UNSUPPORTED` on a driver inside a transaction; `PGQ_CONNECTION_…`
   */
  doctor(options: DoctorOptions = {}): Promise<Diagnosis> {
    const driver = bounded(this.#driver)
    return diagnose(
      {
        driver: this.#driver,
        store: new PostgresHealthStore(driver, this.#statements, this.#placement),
        schema: new PostgresSchemaStore(driver, this.#placement),
        operation: new PostgresOperationStore(driver, this.#statements),
        placement: this.#placement,
        clock: systemClock,
        random: Math.random,
        wallTime,
      },
      options,
    )
  }

  /**
   * Sets how our tables are stored and vacuumed as `doctor` recommends, or puts back exactly what was there before, in one transaction.
   * Takes the owner's rights; workers go on meanwhile.
   *
   * @returns the tables that were changed, with each option before and after
   * @throws PgQueuerError `PGQ_OPTION_INVALID`; `PGQ_SCHEMA_MISSING`; `PGQ_PERMISSION_DENIED`; `PGQ_QUERY_FAILED` when a lock was not to be had in 5 seconds
   */
  tune(options: TuneOptions = {}): Promise<readonly TableTuning[]> {
    const store = new PostgresTableOptionsStore(
      (work) => guardedTransaction(this.#driver, schemaMissing, work),
      this.#statements,
      this.#placement,
    )
    return tune(store, options)
  }

  /** What the database has, what this code needs, and what is missing. */
  async verify(): Promise<Verification> {
    const state = await this.#schema.readState()
    const missing = state === undefined ? [] : await this.#schema.findMissing()
    return { found: state, needed: this.#schema.codeVersion, missing }
  }

  #act(action: (store: ActionStore) => Promise<ActionResult[]>): Promise<ActionResult[]> {
    return guardedTransaction(this.#driver, schemaMissing, (transaction) =>
      action(new PostgresActionStore(transaction, this.#statements)),
    )
  }

  /** Newest first, each looked at once: what fails again meanwhile stays held. */
  async #requeueAll(entrypoint: unknown): Promise<ActionResult[]> {
    checkEntrypoint(entrypoint)
    const results: ActionResult[] = []
    let after: string | null = null
    for (;;) {
      const ids = await this.#inspection.listHeldIds(entrypoint, after, 10_000)
      if (ids.length === 0) return results
      after = ids.at(-1)!
      results.push(...(await this.#act((store) => requeueJobs(store, ids))).filter((result) => result.done))
    }
  }

  async #deleteAll(entrypoint: unknown): Promise<ActionResult[]> {
    checkEntrypoint(entrypoint)
    const results: ActionResult[] = []
    for (;;) {
      const ids = await this.#inspection.listEntrypointIds(entrypoint, 10_000)
      const ended = (await this.#act((store) => deleteJobs(store, ids))).filter((result) => result.done)
      results.push(...ended)
      if (ended.length === 0) return results
    }
  }
}

export interface Verification {
  readonly found: SchemaState | undefined
  readonly needed: number
  readonly missing: readonly string[]
}

const queriesChecks = {
  schema: anyValue,
  prefix: anyValue,
  maxPayloadBytes: wholeNumber(1, largestPayloadLimit),
  logger: anyValue,
  tracing: anObjectWith("startEnqueue", "startRun"),
}

const batchChecks = { transaction: anyValue, onConflict: checkOnConflict }

const enqueueChecks = { ...Object.fromEntries(jobOptionNames.map((name) => [name, anyValue])), ...batchChecks }

const filterChecks = {
  status: oneOf(...statuses),
  entrypoint: anyValue,
  limit: wholeNumber(1, 10_000),
  after: anyValue,
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}
