import type { Driver, Parameter, Queryable, Row } from "../../ports/driver.js"

/**
 * A driver for looking around while something is wrong: each statement is a transaction that writes nothing, waits 2 seconds for
 * a lock and 20 for an answer; and it is not prepared, so that it works behind any pooler.
 */
export function bounded(driver: Driver): Driver {
  const inLimits = <T>(work: (transaction: Queryable) => Promise<T>) =>
    driver.transaction(async (transaction) => {
      await transaction.query(limits)
      return work(unprepared(transaction))
    })
  return {
    label: driver.label,
    features: driver.features,
    query: (sql, parameters) => inLimits((transaction) => transaction.query(sql, parameters)),
    transaction: inLimits,
    session: () => driver.session(),
    listen: (channel, listener) => driver.listen(channel, listener),
  }
}

function unprepared(on: Queryable): Queryable {
  return { query: <R extends Row>(sql: string, parameters?: readonly Parameter[]) => on.query<R>(sql, parameters) }
}

const limits =
  "select set_config('lock_timeout', '2s', true), set_config('statement_timeout', '20s', true), set_config('transaction_read_only', 'on', true)"
