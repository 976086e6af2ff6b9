import { PgQueuerError } from "../../domain/errors.js"
import type { Driver, Parameter, Queryable, Row } from "../../ports/driver.js"
import { guardedTransaction } from "./guarded.js"

export interface SnapshotOptions {
  /** What the server takes longer for it gives up. */
  readonly timeoutMs: number
  /** Gives up the connection. */
  readonly signal: AbortSignal
}

/**
 * Does work that sees the database as of one moment, and writes nothing. Statements are planned for what the tables hold now, since
 * some of them hold nothing or a million rows; and not compiled, which takes longer than they do.
 */
export async function inSnapshot<T>(
  driver: Driver,
  schemaMissing: (cause: unknown) => PgQueuerError,
  { timeoutMs, signal }: SnapshotOptions,
  work: (on: Queryable) => Promise<T>,
): Promise<T> {
  if (driver.features.inTransaction) throw insideTransaction(driver.label)
  return guardedTransaction(driver, schemaMissing, async (transaction) => {
    const on: Queryable = {
      query: <R extends Row>(sql: string, parameters?: readonly Parameter[]) =>
        transaction.query<R>(sql, parameters, { signal }),
    }
    await on.query("set transaction isolation level repeatable read, read only")
    await on.query(limits, [String(Math.ceil(timeoutMs))])
    return work(on)
  })
}

const limits =
  "select set_config('statement_timeout', $1::text, true), set_config('lock_timeout', '1s', true), set_config('jit', 'off', true)"

function insideTransaction(label: string): PgQueuerError {
  return new PgQueuerError(
    "PGQ_UNSUPPORTED",
    `${label} is inside a transaction, which has its own view of the database`,
    {
      remedy: "Read metrics with a driver of its own.",
    },
  )
}
