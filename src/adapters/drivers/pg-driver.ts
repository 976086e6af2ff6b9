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
import { type ConnectionSettings, copiableSettings } from "./connection-settings.js"
import { type PgClient, refuseOtherThanClient } from "./pg-client.js"
import { PgConnection } from "./pg-connection.js"
import { type PgDriverOptions, resolvePgOptions } from "./pg-driver-options.js"
import { listenOnUrl } from "./pg-listen-url.js"
import { subscribe } from "./pg-subscription.js"
import { runPgTransaction } from "./pg-transaction.js"
import { PgTransactionDriver, sharePgConnection } from "./pg-transaction-driver.js"
import { refuseTransactionStatus } from "./pg-transaction-status.js"

/**
 * A driver on one `Client` of the package pg: all statements, transactions and LISTEN take turns on its connection.
 *
 * A client that is not connected yet is connected at the first use. A statement whose signal fires leaves the
 * connection in an unknown state; as the client is the caller's, it is not ended, but no driver on it answers any more
 * than `PGQ_CONNECTION_LOST`. Processes that cancel statements want a `PgPoolDriver`.
 *
 * While the caller has a transaction open on the client, every use is refused with `PGQ_DRIVER_BUSY`;
 * {@link PgDriver.inTransaction} is for that.
 */
export class PgDriver implements Driver {
  readonly label = "PgDriver"
  readonly features: DriverFeatures = { listen: true, sessions: 1, inTransaction: false }
  readonly #connection: PgConnection
  readonly #prepare: boolean
  readonly #listenUrl: string | undefined

  constructor(client: PgClient, options: PgDriverOptions = {}) {
    const { prepare, listenUrl } = resolvePgOptions(this.label, options)
    refuseOtherThanClient(client, this.label)
    this.#connection = PgConnection.of(client)
    this.#prepare = prepare
    this.#listenUrl = listenUrl
  }

  /**
   * A driver whose statements belong to the transaction that is open on the client, and take effect if the caller
   * commits it. `transaction` is a savepoint there. It has no LISTEN.
   *
   * Used after the caller's transaction has ended, it is `PGQ_DRIVER_CLOSED`.
   */
  static inTransaction(client: PgClient, options: Pick<PgDriverOptions, "prepare"> = {}): Driver {
    return new PgTransactionDriver(client, options)
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options: QueryOptions = {},
  ): Promise<readonly R[]> {
    return this.#exclusively(options.signal, () => this.#connection.query<R>(sql, parameters, options, this.#prepare))
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return this.#exclusively(undefined, () =>
      this.#connection.ownTransactions.run(() => runPgTransaction(this.#connection, this.#prepare, work)),
    )
  }

  async session(): Promise<Session> {
    return sharePgConnection(this, this.#connection)
  }

  joinTransaction(client: unknown): Driver {
    return new PgTransactionDriver(client as PgClient, { prepare: this.#prepare })
  }

  async listen(channel: string, listener: Listener): Promise<Subscription> {
    if (this.#listenUrl !== undefined) return listenOnUrl(this.#listenUrl, channel, listener)
    return this.#exclusively(undefined, () => subscribe(this.#connection, channel, listener, async () => {}))
  }

  connectionSettings(): ConnectionSettings {
    return copiableSettings(this.label, this.#connection.client)
  }

  async #exclusively<T>(signal: AbortSignal | undefined, use: () => Promise<T>): Promise<T> {
    this.#connection.ownTransactions.refuseInside(this.label)
    await this.#connection.turns.take(signal)
    try {
      await refuseTransactionStatus(this.#connection, "open", this.label)
      return await use()
    } finally {
      this.#connection.turns.pass()
    }
  }
}
