import { PgQueuerError } from "../../domain/errors.js"
import type { Driver, Parameter, Queryable, QueryOptions, Row } from "../../ports/driver.js"

/** SQLSTATE: the table, the schema or the sequence is not there. */
const missing = new Set(["42P01", "3F000", "42883"])

/** SQLSTATE: a serialization failure or a deadlock. The server has undone the statement, and asks to repeat it. */
const repeatable = new Set(["40001", "40P01"])
const mostRepeats = 5

/**
 * A driver whose statements are each a transaction: a missing table says what to do about it, and what the server undid for
 * the sake of others is repeated. Inside a caller's transaction nothing is repeated: it is undone as a whole.
 */
export function guarded(driver: Driver, schemaMissing: (cause: unknown) => PgQueuerError): Queryable {
  return {
    query<R extends Row>(sql: string, parameters?: readonly Parameter[], options?: QueryOptions) {
      return repeated(driver, schemaMissing, () => driver.query<R>(sql, parameters, options))
    },
  }
}

/** The same for a transaction of several statements, which is repeated as a whole. */
export function guardedTransaction<T>(
  driver: Driver,
  schemaMissing: (cause: unknown) => PgQueuerError,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  return repeated(driver, schemaMissing, () => driver.transaction(work))
}

async function repeated<T>(
  driver: Driver,
  schemaMissing: (cause: unknown) => PgQueuerError,
  work: () => Promise<T>,
): Promise<T> {
  const mostTries = driver.features.inTransaction ? 1 : mostRepeats + 1
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const sqlState = error instanceof PgQueuerError ? (error.sqlState ?? "") : ""
      if (missing.has(sqlState)) throw schemaMissing(error)
      if (!repeatable.has(sqlState) || attempt === mostTries) throw error
    }
  }
}
