import { hasCode } from "../../domain/errors.js"
import type { Parameter, Queryable, QueryOptions, Row } from "../../ports/driver.js"
import { refuseAborted, untilAborted } from "./abort.js"
import { connectionLost, driverClosed, driverError } from "./driver-error.js"
import type { PostgresJsStatements, PostgresJsTransaction } from "./postgres-js-client.js"
import { type ColumnNames, runPostgresJs } from "./postgres-js-statement.js"

/** Statements on connections that belong to the caller: of his pool, or of one transaction. */
export class PostgresJsShared implements Queryable {
  readonly #client: PostgresJsStatements
  readonly #prepare: boolean
  readonly #columnNames: ColumnNames

  constructor(client: PostgresJsStatements, prepare: boolean, columnNames: ColumnNames) {
    this.#client = client
    this.#prepare = prepare
    this.#columnNames = columnNames
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters: readonly Parameter[] = [],
    { name, signal }: QueryOptions = {},
  ): Promise<readonly R[]> {
    refuseAborted(signal)
    const prepare = this.#prepare && name !== undefined
    try {
      const rows = runPostgresJs<R>(this.#client, sql, parameters, prepare, this.#columnNames)
      return await untilAborted(rows, signal, () => {})
    } catch (error) {
      throw driverError(error, "query")
    }
  }
}

/**
 * The work in a transaction that postgres.js begins, commits and rolls back.
 *
 * When the connection is lost, postgres.js is never told that the work has ended: it would send ROLLBACK or COMMIT on a
 * socket that is gone, and throw where nobody can catch. The callback that it waits for is forgotten with the connection.
 */
export async function runPostgresJsTransaction<T>(
  begin: (begun: (transaction: PostgresJsTransaction) => Promise<void>) => Promise<unknown>,
  shared: (transaction: PostgresJsTransaction) => Queryable,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  const end = deferred<void>()
  const begun = deferred<PostgresJsTransaction>()
  const outcome = begin((transaction) => {
    begun.resolve(transaction)
    return end.promise
  })
  outcome.catch(begun.reject)
  const open = await begun.promise.catch((error: unknown) => {
    throw driverError(error, "query")
  })
  const transaction = new OpenTransaction(shared(open))
  outcome.catch((error) => transaction.lose(error))
  let result: T
  try {
    result = await work(transaction)
  } catch (error) {
    if (!transaction.end()) throw error
    end.reject(error)
    if (!transaction.isAbandoned) await outcome.catch(() => {})
    throw error
  }
  if (!transaction.end()) throw transaction.lost()
  end.resolve()
  await outcome.catch((error: unknown) => {
    throw driverError(error, "commit")
  })
  return result
}

class OpenTransaction implements Queryable {
  readonly #shared: Queryable
  #ended = false
  #lostBy: unknown
  #abandoned = false

  constructor(shared: Queryable) {
    this.#shared = shared
  }

  /** The server is still busy with a statement that was given up; ROLLBACK has its turn when that has ended. */
  get isAbandoned(): boolean {
    return this.#abandoned
  }

  /** @returns whether the connection is still there to end the transaction on */
  end(): boolean {
    this.#ended = true
    return this.#lostBy === undefined
  }

  lose(error: unknown): void {
    this.#lostBy ??= error
  }

  lost(): Error {
    return hasCode(this.#lostBy, "PGQ_CONNECTION_LOST") ? this.#lostBy : connectionLost(this.#lostBy)
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options?: QueryOptions,
  ): Promise<readonly R[]> {
    if (this.#lostBy !== undefined) throw this.lost()
    if (this.#ended) throw driverClosed("A transaction", "it was committed or rolled back")
    try {
      return await this.#shared.query<R>(sql, parameters, options)
    } catch (error) {
      if (hasCode(error, "PGQ_CONNECTION_LOST")) this.lose(error)
      this.#abandoned ||= hasCode(error, "PGQ_ABORTED", "PGQ_TIMEOUT")
      throw error
    }
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((settle, fail) => {
    resolve = settle
    reject = fail
  })
  return { promise, resolve, reject }
}
