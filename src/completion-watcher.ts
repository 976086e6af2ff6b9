import { guarded } from "./adapters/postgres/guarded.js"
import { PostgresSchemaStore } from "./adapters/postgres/postgres-schema-store.js"
import { PostgresWatchStore } from "./adapters/postgres/postgres-watch-store.js"
import { Statements } from "./adapters/postgres/statement.js"
import { systemClock } from "./adapters/system/clock.js"
import { placementFromEnvironment } from "./adapters/system/environment.js"
import { checkDriver } from "./app/check-driver.js"
import { checkIds } from "./app/job-actions.js"
import { checkSchema, schemaMissing } from "./app/schema-check.js"
import { EndWatch } from "./app/tracking/end-watch.js"
import { ResultReader } from "./app/tracking/result-reader.js"
import type { WaitForOptions } from "./app/tracking/wait-for-options.js"
import { toTimeoutMs } from "./domain/duration.js"
import { checkPlacement } from "./domain/names.js"
import { anObject, anyValue, aSignal, checkOptions } from "./domain/options.js"
import type { EndStatus } from "./domain/status.js"
import type { Driver } from "./ports/driver.js"
import { type Logger, silentLogger } from "./ports/logger.js"

export interface CompletionWatcherOptions {
  /** Where the tables are; default `PGQUEUER_SCHEMA`, else `"pgqueuer"`. */
  readonly schema?: string
  /** Before every name in the schema; default `PGQUEUER_PREFIX`, else none. */
  readonly prefix?: string
  /** Hears of lost connections, after which the waits go on; default: nobody. */
  readonly logger?: Logger
}

/**
 * Waits for the ends of jobs, in any process. Any number of waits share one LISTEN connection and one statement every five
 * seconds; notifications make it quick. While nobody waits it holds no connection and no timer. Make one for a process, and close it.
 */
export class CompletionWatcher implements AsyncDisposable {
  readonly #watch: EndWatch
  readonly #results: ResultReader

  /** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID` */
  constructor(driver: Driver, options: CompletionWatcherOptions = {}) {
    checkOptions("CompletionWatcher", options, { schema: anyValue, prefix: anyValue, logger: anObject })
    checkDriver("CompletionWatcher", driver)
    const environment = placementFromEnvironment()
    const placement = checkPlacement({
      schema: options.schema ?? environment.schema,
      prefix: options.prefix ?? environment.prefix,
    })
    const statements = new Statements(placement)
    const store = new PostgresWatchStore(guarded(driver, schemaMissing), statements)
    this.#results = new ResultReader(systemClock, store)
    this.#watch = new EndWatch({
      clock: systemClock,
      random: Math.random,
      driver,
      channel: statements.endChannel,
      log: options.logger ?? silentLogger,
      store,
      checkSchema: () => checkSchema(new PostgresSchemaStore(driver, placement)),
    })
  }

  /**
   * How a job ends, as soon as it has; at once when it ended before. A job that failed and is held has ended as `failed`,
   * until somebody puts it back into line.
   *
   * @throws PgQueuerError `PGQ_JOB_UNKNOWN` when no job has this id, or no longer; `PGQ_TIMEOUT`, `PGQ_ABORTED`,
   * `PGQ_WATCHER_CLOSED`, `PGQ_OPTION_INVALID`; and what the database says that no second try would change, such as `PGQ_SCHEMA_MISSING`
   */
  async waitFor(id: string, options: WaitForOptions = {}): Promise<EndStatus> {
    return (await this.waitForAll([id], options)).get(id)!
  }

  /** How several jobs end, by id and in the order of the ids, when all of them have. One that is unknown rejects the call. */
  async waitForAll(ids: readonly string[], options: WaitForOptions = {}): Promise<ReadonlyMap<string, EndStatus>> {
    checkOptions("waitFor", options, { timeout: anyValue, signal: aSignal })
    checkIds(ids)
    const { timeout, signal } = options
    return this.#watch.wait(ids, { timeoutMs: timeout === undefined ? undefined : toTimeoutMs(timeout), signal })
  }

  /**
   * What a job's handler returned, as soon as the job has ended: a JSON value, or undefined when it returned nothing.
   *
   * @throws PgQueuerError `PGQ_JOB_NOT_SUCCESSFUL`, with the status and the error in the message, when the job ended otherwise;
   * and all that `waitFor` throws
   */
  async result(id: string, options: WaitForOptions = {}): Promise<unknown> {
    await this.waitFor(id, options)
    return this.#results.read(id)
  }

  /** Gives up all waits with `PGQ_WATCHER_CLOSED`, and lets go of the connection. Twice is once. */
  async close(): Promise<void> {
    await this.#watch.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
