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
import { type PgClient, refuseOtherThanClient } from "./pg-client.js"
import { PgConnection } from "./pg-connection.js"
import { type PgDriverOptions, resolvePgOptions } from "./pg-driver-options.js"
import { runPgSavepoint } from "./pg-transaction.js"
import { refuseTransactionStatus } from "./pg-transaction-status.js"

/** A driver on a client of pg in which the caller has opened a transaction. */
export class PgTransactionDriver implements Driver {
  readonly label = "PgDriver.inTransaction"
  readonly features: DriverFeatures = { listen: false, sessions: 1, inTransaction: true }
  readonly #connection: PgConnection
  readonly #prepare: boolean

  constructor(client: PgClient, options: Pick<PgDriverOptions, "prepare">) {
    refuseOtherThanClient(client, this.label)
    this.#connection = PgConnection.of(client)
    this.#prepare = resolvePgOptions(this.label, options).prepare
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options: QueryOptions = {},
  ): Promise<readonly R[]> {
    await refuseTransactionStatus(this.#connection, "none", this.label)
    return this.#connection.query<R>(sql, parameters, options, this.#prepare)
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    const { ownTransactions, turns } = this.#connection
    ownTransactions.refuseInside(this.label)
    await turns.take()
    try {
      await refuseTransactionStatus(this.#connection, "none", this.label)
      return await ownTransactions.run(() => runPgSavepoint(this.#connection, this.#prepare, work))
    } finally {
      turns.pass()
    }
  }

  async session(): Promise<Session> {
    return sharePgConnection(this, this.#connection)
  }

  async listen(): Promise<Subscription> {
    throw unsupported(this.label, "LISTEN", "Listen with a driver on a client or pool outside the transaction.")
  }
}

/** A session that takes turns with everything else on the connection of a driver. */
export function sharePgConnection(driver: Queryable, connection: PgConnection): Session {
  const query = driver.query.bind(driver) as Queryable["query"]
  const watch = connection.watch.bind(connection)
  return new ConnectionSession({ query, watch, isBroken: false }, async () => {})
}
