import { PgQueuerError } from "../../domain/errors.js"
import type {
  Driver,
  DriverFeatures,
  Parameter,
  Queryable,
  QueryOptions,
  Row,
  Session,
  Subscription,
} from "../../ports/driver.js"
import { ConnectionSession } from "./connection-session.js"
import { unsupported } from "./driver-error.js"
import { type PgDriverOptions, resolvePgOptions } from "./pg-driver-options.js"
import type { PostgresJsTransaction } from "./postgres-js-client.js"
import { namesAskedFrom } from "./postgres-js-column-names.js"
import type { ColumnNames } from "./postgres-js-statement.js"
import { PostgresJsShared, runPostgresJsTransaction } from "./postgres-js-transaction.js"

/** A driver on a transaction of postgres.js that the caller opened. */
export class PostgresJsTransactionDriver implements Driver {
  readonly label = "PostgresJsDriver.inTransaction"
  readonly features: DriverFeatures = { listen: false, sessions: 1, inTransaction: true }
  readonly #transaction: PostgresJsTransaction
  readonly #prepare: boolean
  readonly #shared: PostgresJsShared
  readonly #columnNames: ColumnNames

  constructor(transaction: PostgresJsTransaction, options: Pick<PgDriverOptions, "prepare">) {
    this.#prepare = resolvePgOptions(this.label, options).prepare
    if (typeof transaction?.savepoint !== "function") throw isNoTransaction()
    this.#transaction = transaction
    this.#columnNames = namesAskedFrom(transaction)
    this.#shared = new PostgresJsShared(transaction, this.#prepare, this.#columnNames)
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options?: QueryOptions,
  ): Promise<readonly R[]> {
    return this.#shared.query<R>(sql, parameters, options)
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return runPostgresJsTransaction(
      (begun) => this.#transaction.savepoint(begun),
      (savepoint) => new PostgresJsShared(savepoint, this.#prepare, this.#columnNames),
      work,
    )
  }

  async session(): Promise<Session> {
    const shared = { query: this.query.bind(this) as Queryable["query"], watch: () => () => {}, isBroken: false }
    return new ConnectionSession(shared, async () => {})
  }

  async listen(): Promise<Subscription> {
    throw unsupported(this.label, "LISTEN", "Listen with a driver on the instance outside the transaction.")
  }
}

function isNoTransaction(): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", "PostgresJsDriver.inTransaction was given no transaction", {
    remedy: "Give it the sql that sql.begin calls back with.",
  })
}
