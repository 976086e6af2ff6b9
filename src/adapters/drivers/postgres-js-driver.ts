import { PgQueuerError } from "../../domain/errors.js"
import type {
  Driver,
  DriverFeatures,
  Listener,
  Parameter,
  Queryable,
  QueryOptions,
  Row,
  Session,
  Subscription,
} from "../../ports/driver.js"
import { ConnectionSession } from "./connection-session.js"
import { type ConnectionSettings, copiableSettings, notCopiable } from "./connection-settings.js"
import { OwnTransactions } from "./own-transactions.js"
import { type PgDriverOptions, resolvePgOptions } from "./pg-driver-options.js"
import type { PostgresJsSql, PostgresJsTransaction } from "./postgres-js-client.js"
import { namesAsTheyAre, namesBefore } from "./postgres-js-column-names.js"
import { PostgresJsConnection } from "./postgres-js-connection.js"
import { type ColumnNames, rowTransformed } from "./postgres-js-statement.js"
import { PostgresJsShared, runPostgresJsTransaction } from "./postgres-js-transaction.js"
import { PostgresJsTransactionDriver } from "./postgres-js-transaction-driver.js"

/** As for pg: the client's options may say `prepare: false` too. */
export type PostgresJsDriverOptions = PgDriverOptions

/**
 * A driver on an instance of the package postgres (postgres.js). Statements and transactions use the instance's pool;
 * every session and every LISTEN makes a connection of its own beside it, as `sql.listen` does.
 *
 * Custom types and transforms of the instance don't touch what goes through the driver, except that transforms of whole
 * rows cannot be undone and are refused. A statement whose signal fires rejects at once; on the pool postgres.js gives
 * the connection to others only when the server has ended the statement.
 */
export class PostgresJsDriver implements Driver {
  readonly label = "PostgresJsDriver"
  readonly features: DriverFeatures = { listen: true, sessions: Number.POSITIVE_INFINITY, inTransaction: false }
  readonly #sql: PostgresJsSql
  readonly #prepare: boolean
  readonly #listenUrl: string | undefined
  readonly #pool: PostgresJsShared
  readonly #columnNames: ColumnNames
  readonly #onlyConnection: OwnTransactions | undefined

  constructor(sql: PostgresJsSql, options: PostgresJsDriverOptions = {}) {
    const { prepare, listenUrl } = resolvePgOptions(this.label, options)
    if (typeof sql.begin !== "function") throw isNoInstance()
    const { column, row } = sql.options.transform
    if (row.from !== undefined) throw rowTransformed()
    this.#sql = sql
    this.#prepare = prepare
    this.#listenUrl = listenUrl
    this.#columnNames = column.from === undefined ? namesAsTheyAre : namesBefore(column.from)
    this.#pool = new PostgresJsShared(sql, prepare, this.#columnNames)
    this.#onlyConnection = sql.options.max > 1 ? undefined : ownTransactionsOf(sql)
  }

  /**
   * A driver whose statements belong to a transaction of postgres.js, the `sql` that `sql.begin` calls back with.
   * `transaction` is a savepoint there. It has no LISTEN. It must not be used after the transaction, which postgres.js
   * does not notice.
   */
  static inTransaction(transaction: PostgresJsTransaction, options: Pick<PgDriverOptions, "prepare"> = {}): Driver {
    return new PostgresJsTransactionDriver(transaction, options)
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options?: QueryOptions,
  ): Promise<readonly R[]> {
    this.#onlyConnection?.refuseInside(this.label)
    return this.#pool.query<R>(sql, parameters, options)
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    this.#onlyConnection?.refuseInside(this.label)
    const guarded = (transaction: Queryable) => this.#onlyConnection?.run(() => work(transaction)) ?? work(transaction)
    return runPostgresJsTransaction(
      (begun) => this.#sql.begin(begun),
      (transaction) => new PostgresJsShared(transaction, this.#prepare, this.#columnNames),
      guarded,
    )
  }

  async session(): Promise<Session> {
    const connection = await PostgresJsConnection.open(this.#sql.options, this.#prepare)
    return new ConnectionSession(connection, () => connection.end())
  }

  joinTransaction(client: unknown): Driver {
    return new PostgresJsTransactionDriver(client as PostgresJsTransaction, { prepare: this.#prepare })
  }

  connectionSettings(): ConnectionSettings {
    const { host, port, user, pass, database, ssl } = this.#sql.options as unknown as Record<string, unknown>
    const [hosts, ports] = [[host].flat(), [port].flat()]
    if (hosts.length !== 1) throw notCopiable(this.label)
    const settings = { host: hosts[0], port: ports[0], user, password: pass, database, ssl: tlsOfPg(ssl) }
    return copiableSettings(this.label, settings)
  }

  async listen(channel: string, listener: Listener): Promise<Subscription> {
    const connection = await PostgresJsConnection.open(this.#listenUrl ?? this.#sql.options, false, (name, payload) => {
      if (name === channel) listener.onNotification(payload)
    })
    const end = () => connection.end()
    connection.watch((error) => {
      end().then(
        () => listener.onLost(error),
        () => listener.onLost(error),
      )
    })
    await connection.query(`listen "${channel.replaceAll('"', '""')}"`).catch(async (error: unknown) => {
      await end()
      throw error
    })
    return { close: end }
  }
}

const ownTransactions = new WeakMap<PostgresJsSql, OwnTransactions>()

function ownTransactionsOf(sql: PostgresJsSql): OwnTransactions {
  const known = ownTransactions.get(sql) ?? new OwnTransactions()
  ownTransactions.set(sql, known)
  return known
}

function isNoInstance(): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", "PostgresJsDriver was given no instance of postgres()", {
    remedy: "With the sql of a transaction use PostgresJsDriver.inTransaction(sql); a reserved one cannot be used.",
  })
}

/** postgres.js checks certificates only when it is told to. */
function tlsOfPg(ssl: unknown): unknown {
  return ssl === "require" || ssl === "allow" || ssl === "prefer"
    ? { rejectUnauthorized: false }
    : ssl === "verify-full" || ssl
}
