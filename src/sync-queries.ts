import { SyncPgDriver, type SyncQueryable } from "./adapters/drivers/sync-pg.js"
import {
  type EnqueueRow,
  type EnqueueUniqueRow,
  enqueueParameters,
  enqueueUniqueParameters,
  readEnqueued,
  readUniqueEnqueued,
} from "./adapters/postgres/enqueue-statement.js"
import { codeVersion } from "./adapters/postgres/migrations.js"
import { Statements } from "./adapters/postgres/statement.js"
import { consoleLogger } from "./adapters/system/console-logger.js"
import { placementFromEnvironment } from "./adapters/system/environment.js"
import type { PayloadColumn, TypedJobRequest } from "./app/enqueue-options.js"
import { duplicateKey, type PlacedJob, withoutTwins } from "./app/enqueue-unique.js"
import {
  checkOnConflict,
  type JobOptions,
  jobOptionNames,
  parseColumns,
  parseJob,
  parseRequests,
} from "./app/parse-enqueue.js"
import { refuseSchema, schemaMissing } from "./app/schema-check.js"
import { traceBlockingEnqueue } from "./app/tracing/trace-enqueue.js"
import { PgQueuerError } from "./domain/errors.js"
import type { AnyJobs, InputOf, JobMap, JobName, PayloadArguments } from "./domain/job-types.js"
import { checkPlacement } from "./domain/names.js"
import { anObject, anObjectWith, anyValue, checkOptions, wholeNumber } from "./domain/options.js"
import { defaultMaxPayloadBytes, largestPayloadLimit } from "./domain/payload.js"
import type { NewJob } from "./ports/job-store.js"
import type { Logger } from "./ports/logger.js"
import type { Tracing } from "./ports/tracing.js"

export interface SyncQueriesOptions {
  /** Where the tables are; default `PGQUEUER_SCHEMA`, else `"pgqueuer"`. */
  readonly schema?: string
  /** Before every name in the schema; default `PGQUEUER_PREFIX`, else none. */
  readonly prefix?: string
  /** The largest payload in bytes; default 1 MiB. */
  readonly maxPayloadBytes?: number
  /** Any object with debug, info, warn and error, told of tracing that fails; default: warnings and errors to stderr. */
  readonly logger?: Logger
  /** Joins enqueues into traces, as for `Queries`; default: none. */
  readonly tracing?: Tracing
}

export interface SyncBatchOptions {
  /**
   * What happens to jobs whose dedupe keys are taken: `"raise"` (default) refuses the call, `"skip"` leaves them out.
   * Replacing takes an asynchronous driver.
   */
  readonly onConflict?: "raise" | "skip" | undefined
}

export interface SyncEnqueueOptions extends JobOptions, SyncBatchOptions {}

/** With nothing left out there is no `null` among the ids. */
type Whole<O> = O & { readonly onConflict?: "raise" | undefined }

/** Enqueues jobs for code that cannot await: each call blocks until its jobs are durable. `J` is as in `Queries`. */
export class SyncQueries<J extends JobMap<J> = AnyJobs> {
  readonly #on: SyncQueryable
  readonly #statements: Statements
  readonly #maxBytes: number
  readonly #log: Logger
  readonly #tracing: Tracing | undefined
  #checked = false

  /** @param on - a `SyncPgDriver`, or what its `transaction` gives to the work */
  constructor(on: SyncQueryable, options: SyncQueriesOptions = {}) {
    checkOptions("SyncQueries", options, {
      schema: anyValue,
      prefix: anyValue,
      maxPayloadBytes: wholeNumber(1, largestPayloadLimit),
      logger: anObject,
      tracing: anObjectWith("startEnqueue", "startRun"),
    })
    const environment = placementFromEnvironment()
    this.#on = on
    this.#statements = new Statements(
      checkPlacement({ schema: options.schema ?? environment.schema, prefix: options.prefix ?? environment.prefix }),
    )
    this.#maxBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes
    this.#log = options.logger ?? consoleLogger
    this.#tracing = options.tracing
  }

  /** Writes one job, or a batch as parallel arrays; the same checks, errors and ids as `Queries.enqueue`. */
  enqueue<K extends JobName<J>>(
    entrypoint: K,
    ...args: PayloadArguments<InputOf<J, K>, Whole<SyncEnqueueOptions>>
  ): string[]
  enqueue<K extends JobName<J>>(entrypoint: K, payload: InputOf<J, K>, options: SyncEnqueueOptions): (string | null)[]
  enqueue<const Names extends readonly JobName<J>[]>(
    entrypoints: Names,
    payloads?: PayloadColumn<J, Names>,
    priorities?: readonly number[],
  ): string[]
  enqueue(entrypoint: unknown, payload?: unknown, third?: unknown): (string | null)[] {
    if (Array.isArray(entrypoint))
      return this.#write(parseColumns(entrypoint, payload, third, this.#maxBytes), {}, true)
    checkOptions("enqueue", third, enqueueChecks)
    const { onConflict, ...options } = (third ?? {}) as SyncEnqueueOptions
    return this.#write([parseJob(entrypoint, payload, options, this.#maxBytes)], { onConflict }, false)
  }

  /** Writes many jobs in one statement, all or nothing. */
  enqueueMany(requests: readonly TypedJobRequest<J>[], options?: Whole<SyncBatchOptions>): string[]
  enqueueMany(requests: readonly TypedJobRequest<J>[], options: SyncBatchOptions): (string | null)[]
  enqueueMany(requests: readonly TypedJobRequest<J>[], options: SyncBatchOptions = {}): (string | null)[] {
    checkOptions("enqueueMany", options, batchChecks)
    return this.#write(parseRequests(requests, this.#maxBytes), options, true)
  }

  #write(jobs: readonly NewJob[], { onConflict = "raise" }: SyncBatchOptions, batch: boolean): (string | null)[] {
    if (jobs.length === 0) return []
    if ((onConflict as string) === "replace") throw cannotReplace()
    if (this.#tracing === undefined) return this.#writeJobs(jobs, onConflict)
    return traceBlockingEnqueue(this.#tracing, this.#log, { jobs, batch }, (traced) =>
      this.#writeJobs(traced, onConflict),
    )
  }

  #writeJobs(jobs: readonly NewJob[], onConflict: "raise" | "skip"): (string | null)[] {
    this.#check()
    if (jobs.some((job) => job.dedupeKey !== null)) return this.#writeUnique(jobs, onConflict)
    const { sql } = this.#statements.text("enqueue")
    const [row] = this.#on.query<EnqueueRow>(sql, enqueueParameters(jobs, "plain", this.#statements.channel))
    return readEnqueued(row!, jobs).ids
  }

  #writeUnique(jobs: readonly NewJob[], onConflict: "raise" | "skip"): (string | null)[] {
    const chosen = withoutTwins(jobs, onConflict)
    if (onConflict === "skip") return this.#insertUnique(this.#on, jobs, chosen)
    return undone(this.#on, (on) => {
      const ids = this.#insertUnique(on, jobs, chosen)
      const refused = jobs.find((_, index) => ids[index] === null)
      if (refused === undefined) return ids
      const { sql } = this.#statements.text("find_key_holders")
      const [holder] = on.query<{ id: string }>(sql, [[refused.entrypoint], [refused.dedupeKey]])
      throw duplicateKey(refused, holder === undefined ? "its job ends at this moment" : `job ${holder.id} has it`)
    })
  }

  #insertUnique(on: SyncQueryable, jobs: readonly NewJob[], chosen: readonly PlacedJob[]): (string | null)[] {
    const { sql } = this.#statements.text("enqueue_unique")
    const written = chosen.map(({ job }) => job)
    const parameters = enqueueUniqueParameters(written, [], "plain", this.#statements.channel)
    const [row] = on.query<EnqueueUniqueRow>(sql, parameters)
    const { ids, refused } = readUniqueEnqueued(row!, written)
    const left = new Set(refused)
    const answer: (string | null)[] = jobs.map(() => null)
    chosen.forEach(({ index }, place) => {
      if (!left.has(place)) answer[index] = ids[place]!
    })
    return answer
  }

  #check(): void {
    if (this.#checked) return
    try {
      const [state] = this.#on.query<{ version: number; serves: number }>(this.#statements.text("read_version").sql)
      refuseSchema(state, codeVersion)
    } catch (error) {
      throw error instanceof PgQueuerError && error.sqlState === "42P01" ? schemaMissing(error) : error
    }
    this.#checked = true
  }
}

/** All of the work or nothing of it: a transaction, or a part of the one that is open. */
function undone<T>(on: SyncQueryable, work: (on: SyncQueryable) => T): T {
  if (on instanceof SyncPgDriver) return on.transaction(work)
  on.query("savepoint pgqueuer")
  try {
    const result = work(on)
    on.query("release savepoint pgqueuer")
    return result
  } catch (error) {
    on.query("rollback to savepoint pgqueuer; release savepoint pgqueuer")
    throw error
  }
}

const batchChecks = { onConflict: checkOnConflict }

const enqueueChecks = { ...Object.fromEntries(jobOptionNames.map((name) => [name, anyValue])), ...batchChecks }

function cannotReplace(): PgQueuerError {
  return new PgQueuerError("PGQ_UNSUPPORTED", "SyncQueries cannot replace jobs", {
    remedy: 'Use Queries on an asynchronous driver, or onConflict: "skip".',
  })
}
