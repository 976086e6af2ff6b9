import type pg from "pg"
import { expect, onTestFinished, vi } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { render } from "../../src/adapters/postgres/statement.js"
import type { RunOptions } from "../../src/app/worker-life.js"
import type { Placement } from "../../src/domain/names.js"
import { PgQueuer } from "../../src/pgqueuer.js"
import type { Driver } from "../../src/ports/driver.js"
import { Queries, type QueriesOptions } from "../../src/queries.js"
import type { Context, PgQueuerOptions } from "../../src/worker-composition.js"
import { type TestDatabase, testDatabase } from "./database.js"
import { findBreaches } from "./invariant.js"
import { type RecordingLogger, recordingLogger } from "./logger.js"

/** A queue of its own for one test. */
export interface TestQueue extends Placement {
  readonly database: TestDatabase
  readonly pool: pg.Pool
  readonly driver: PgPoolDriver
  readonly queries: Queries
  /** A statement in which `pgqueuer.` stands for the queue's schema and prefix. */
  sql<R extends pg.QueryResultRow = Record<string, unknown>>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<R[]>
  /** A worker that is not started yet, on a pool of its own, with a logger that keeps what it hears. */
  worker<R = Record<string, never>>(options?: PgQueuerOptions<R>, driver?: Driver): TestWorker<R>
  /** Resolves when so many jobs have ended. */
  ended(count: number, timeoutMs?: number): Promise<void>
}

export interface TestWorker<R = Record<string, never>> {
  readonly pgq: PgQueuer<R>
  readonly log: RecordingLogger
  /** Runs in the background; the test waits for its end, and fails with it. */
  start(options?: RunOptions): Running
  /** Runs until nothing is left to claim. */
  drain(): Promise<void>
}

export interface Running {
  /** Settles when the worker has stopped. */
  readonly ended: Promise<void>
  stop(options?: { readonly now?: boolean }): Promise<void>
}

export type TestContext<R = Record<string, never>> = Context<R>

export interface TestQueueOptions extends Omit<QueriesOptions, "schema"> {
  /** Whether the jobs' places are checked at the end; default true. */
  readonly checked?: boolean
  readonly pool?: pg.PoolConfig
}

/** Installs a queue that is checked and dropped when the test has finished. To be called inside a test. */
export async function installQueue(options: TestQueueOptions = {}): Promise<TestQueue> {
  const { checked = true, pool: poolOptions, ...queriesOptions } = options
  const database = testDatabase()
  const placement: Placement = { schema: database.schema, prefix: queriesOptions.prefix ?? "" }
  const pool = database.pool(poolOptions)
  if (checked) onTestFinished(async () => void expect(await findBreaches(pool, placement)).toEqual([]))
  const driver = new PgPoolDriver(pool)
  const queries = new Queries(driver, { ...queriesOptions, schema: database.schema })
  await queries.install()
  const sql: TestQueue["sql"] = async (text, parameters = []) =>
    (await pool.query(render(text, placement), [...parameters])).rows
  return {
    ...placement,
    database,
    pool,
    driver,
    queries,
    sql,
    worker: (workerOptions = {}, workerDriver) => makeWorker(database, placement, workerOptions, workerDriver),
    async ended(count, timeoutMs = 20_000) {
      await eventually(async () => {
        const [row] = await sql<{ count: number }>("select count(*)::int as count from pgqueuer.outcome")
        return row!.count >= count
      }, timeoutMs)
    },
  }
}

/** Waits until a condition holds; fails when it takes too long. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
  intervalMs = 20,
): Promise<void> {
  await vi.waitUntil(condition, { timeout: timeoutMs, interval: intervalMs })
}

/** A promise that the test settles by hand. */
export function deferred<T = void>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
} {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}

function makeWorker<R>(
  database: TestDatabase,
  placement: Placement,
  options: PgQueuerOptions<R>,
  driver: Driver | undefined,
): TestWorker<R> {
  const log = recordingLogger()
  const workerDriver = driver ?? new PgPoolDriver(database.pool({ max: 6 }))
  const pgq = new PgQueuer<R>(workerDriver, { logger: log, ...placement, ...options })
  return {
    pgq,
    log,
    drain: () => pgq.run({ mode: "drain" }),
    start(runOptions) {
      const ended = pgq.run(runOptions)
      ended.catch(() => {})
      onTestFinished(async () => {
        await pgq.stop({ now: true })
        await ended
      })
      return {
        ended,
        async stop(stopOptions) {
          await pgq.stop(stopOptions)
          await ended
        },
      }
    },
  }
}
