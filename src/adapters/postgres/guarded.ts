import { PgQueuerError } from "../../domain/errors.js"
import type { Parameter, Queryable, QueryOptions, Row } from "../../ports/driver.js"

/** SQLSTATE: the table, the schema or the sequence is not there. */
const missing = new Set(["42P01", "3F000", "42883"])

/** The same, but a missing table says what to do about it. */
export function guarded(on: Queryable, schemaMissing: (cause: unknown) => PgQueuerError): Queryable {
  return {
    async query<R extends Row>(sql: string, parameters?: readonly Parameter[], options?: QueryOptions) {
      try {
        return await on.query<R>(sql, parameters, options)
      } catch (error) {
        if (error instanceof PgQueuerError && missing.has(error.sqlState ?? "")) throw schemaMissing(error)
        throw error
      }
    },
  }
}
