import type { SyncQueryable } from "./adapters/drivers/sync-pg.js"
import { type EnqueueRow, enqueueParameters, readEnqueued } from "./adapters/postgres/enqueue-statement.js"
import { codeVersion } from "./adapters/postgres/migrations.js"
import { Statements } from "./adapters/postgres/statement.js"
import { placementFromEnvironment } from "./adapters/system/environment.js"
import { type JobOptions, type JobRequest, parseColumns, parseJob, parseRequests } from "./app/parse-enqueue.js"
import { refuseSchema, schemaMissing } from "./app/schema-check.js"
import { PgQueuerError } from "./domain/errors.js"
import { checkPlacement } from "./domain/names.js"
import { anyValue, checkOptions, wholeNumber } from "./domain/options.js"
import { defaultMaxPayloadBytes, largestPayloadLimit } from "./domain/payload.js"
import type { NewJob } from "./ports/job-store.js"

export interface SyncQueriesOptions {
  /** Where the tables are; default `PGQUEUER_SCHEMA`, else `"pgqueuer"`. */
  readonly schema?: string
  /** Before every name in the schema; default `PGQUEUER_PREFIX`, else none. */
  readonly prefix?: string
  /** The largest payload in bytes; default 1 MiB. */
  readonly maxPayloadBytes?: number
}

/** Enqueues jobs for code that cannot await: each call blocks until its jobs are durable. */
export class SyncQueries {
  readonly #on: SyncQueryable
  readonly #statements: Statements
  readonly #maxBytes: number
  #checked = false

  /** @param on - a `SyncPgDriver`, or what its `transaction` gives to the work */
  constructor(on: SyncQueryable, options: SyncQueriesOptions = {}) {
    checkOptions("SyncQueries", options, {
      schema: anyValue,
      prefix: anyValue,
      maxPayloadBytes: wholeNumber(1, largestPayloadLimit),
    })
    const environment = placementFromEnvironment()
    this.#on = on
    this.#statements = new Statements(
      checkPlacement({ schema: options.schema ?? environment.schema, prefix: options.prefix ?? environment.prefix }),
    )
    this.#maxBytes = options.maxPayloadBytes ?? defaultMaxPayloadBytes
  }

  /** Writes one job, or a batch as parallel arrays; the same checks, errors and ids as `Queries.enqueue`. */
  enqueue(entrypoint: string, payload?: unknown, options?: JobOptions): string[]
  enqueue(entrypoints: readonly string[], payloads?: readonly unknown[], priorities?: readonly number[]): string[]
  enqueue(entrypoint: unknown, payload?: unknown, third?: unknown): string[] {
    if (Array.isArray(entrypoint)) return this.#write(parseColumns(entrypoint, payload, third, this.#maxBytes))
    return this.#write([parseJob(entrypoint, payload, third as JobOptions | undefined, this.#maxBytes)])
  }

  /** Writes many jobs in one statement, all or nothing. */
  enqueueMany(requests: readonly JobRequest[]): string[] {
    return this.#write(parseRequests(requests, this.#maxBytes))
  }

  #write(jobs: readonly NewJob[]): string[] {
    if (jobs.length === 0) return []
    this.#check()
    const { sql } = this.#statements.text("enqueue")
    const [row] = this.#on.query<EnqueueRow>(sql, enqueueParameters(jobs, "plain", this.#statements.channel))
    return readEnqueued(row!, jobs).ids
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
