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
import { refuseAborted, untilAborted } from "./abort.js"
import { ConnectionSession } from "./connection-session.js"
import { type ConnectionSettings, copiableSettings } from "./connection-settings.js"
import { driverError, unsupported } from "./driver-error.js"
import { OwnTransactions } from "./own-transactions.js"
import { type PgClient, type PgPool, type PgPoolClient, refuseOtherThanPool } from "./pg-client.js"
import { PgConnection } from "./pg-connection.js"
import { type PgDriverOptions, resolvePgOptions } from "./pg-driver-options.js"
import { listenOnUrl } from "./pg-listen-url.js"
import { subscribe } from "./pg-subscription.js"
import { runPgTransaction } from "./pg-transaction.js"
import { PgTransactionDriver } from "./pg-transaction-driver.js"

/** How long a session or LISTEN waits for a connection that nobody gives back: they want it for good, not for a query. */
const sessionWaitMs = 10_000

/**
 * A driver on a `Pool` of the package pg. A statement whose signal fires takes its connection out of the pool.
 *
 * Waiting for a connection is bounded by the pool's own `connectionTimeoutMillis`; for a session and for LISTEN by 10
 * seconds. A pool of one connection has no LISTEN, which would keep it, unless `listenUrl` is given.
 */
export class PgPoolDriver implements Driver {
  readonly label = "PgPoolDriver"
  readonly features: DriverFeatures
  readonly #pool: PgPool
  readonly #prepare: boolean
  readonly #listenUrl: string | undefined
  readonly #onlyConnection: OwnTransactions | undefined

  constructor(pool: PgPool, options: PgDriverOptions = {}) {
    const { prepare, listenUrl } = resolvePgOptions(this.label, options)
    refuseOtherThanPool(pool, this.label)
    const sessions = pool.options.max
    this.features = { listen: sessions > 1 || listenUrl !== undefined, sessions, inTransaction: false }
    this.#pool = pool
    this.#prepare = prepare
    this.#listenUrl = listenUrl
    this.#onlyConnection = sessions > 1 ? undefined : ownTransactionsOf(pool)
    outliveIdleErrors(pool)
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options: QueryOptions = {},
  ): Promise<readonly R[]> {
    this.#onlyConnection?.refuseInside(this.label)
    const lent = await this.#borrow(options.signal)
    try {
      return await lent.query<R>(sql, parameters, options)
    } finally {
      lent.giveBack()
    }
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    this.#onlyConnection?.refuseInside(this.label)
    const lent = await this.#borrow(undefined)
    const run = () => runPgTransaction(lent.connection, this.#prepare, work)
    try {
      return await (this.#onlyConnection?.run(run) ?? run())
    } finally {
      lent.giveBack()
    }
  }

  async session(): Promise<Session> {
    if (this.features.sessions === 1) return this.#sharedSession()
    const lent = await this.#borrowForGood()
    return new ConnectionSession(lent, async (discard) => lent.giveBack(discard))
  }

  joinTransaction(client: unknown): Driver {
    return new PgTransactionDriver(client as PgClient, { prepare: this.#prepare })
  }

  async listen(channel: string, listener: Listener): Promise<Subscription> {
    if (this.#listenUrl !== undefined) return listenOnUrl(this.#listenUrl, channel, listener)
    if (!this.features.listen) {
      throw unsupported(this.label, "LISTEN on a pool of one", "Raise the pool's max, or give the driver a listenUrl.")
    }
    const lent = await this.#borrowForGood()
    return subscribe(lent.connection, channel, listener, async () => lent.giveBack())
  }

  connectionSettings(): ConnectionSettings {
    return copiableSettings(this.label, this.#pool.options)
  }

  #sharedSession(): Session {
    const shared = {
      query: this.query.bind(this) as Queryable["query"],
      watch: () => () => {},
      isBroken: false,
    }
    return new ConnectionSession(shared, async () => {})
  }

  async #borrowForGood(): Promise<LentConnection> {
    const patience = AbortSignal.timeout(sessionWaitMs)
    try {
      return await this.#borrow(patience)
    } catch (error) {
      throw patience.aborted ? noConnectionLeft(this.features.sessions, error) : error
    }
  }

  async #borrow(signal: AbortSignal | undefined): Promise<LentConnection> {
    refuseAborted(signal)
    const connecting = this.#pool.connect()
    const client = await untilAborted(connecting, signal, () => {
      connecting.then((late) => late.release(), ignore)
    }).catch((error: unknown) => {
      throw driverError(error, "connect")
    })
    return new LentConnection(client, this.#prepare)
  }
}

class LentConnection implements Queryable {
  readonly connection: PgConnection
  readonly #client: PgPoolClient
  readonly #prepare: boolean
  #returned = false

  constructor(client: PgPoolClient, prepare: boolean) {
    this.connection = PgConnection.of(client)
    this.#client = client
    this.#prepare = prepare
  }

  get isBroken(): boolean {
    return this.connection.isBroken
  }

  watch(callback: (error: unknown) => void): () => void {
    return this.connection.watch(callback)
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options: QueryOptions = {},
  ): Promise<readonly R[]> {
    return this.connection.query<R>(sql, parameters, options, this.#prepare)
  }

  giveBack(discard = false): void {
    if (this.#returned) return
    this.#returned = true
    this.#client.release(discard || this.connection.isBroken)
  }
}

const ownTransactions = new WeakMap<PgPool, OwnTransactions>()

function ownTransactionsOf(pool: PgPool): OwnTransactions {
  const known = ownTransactions.get(pool) ?? new OwnTransactions()
  ownTransactions.set(pool, known)
  return known
}

// A pool emits `error` when an idle connection dies, and that ends the process if nobody listens. The pool has dropped
// the connection by then and the next query opens another, so there is nothing to do and nobody to tell.
function outliveIdleErrors(pool: PgPool): void {
  if (pool.listenerCount("error") === 0) pool.on("error", ignore)
}

function noConnectionLeft(max: number, cause: unknown): PgQueuerError {
  const message = `No connection came free within ${sessionWaitMs / 1_000} s in the pool of at most ${max}`
  return new PgQueuerError("PGQ_CONNECTION_FAILED", message, {
    remedy: "Raise the pool's max, or give PGQueuer a pool of its own.",
    cause,
  })
}

function ignore(): void {}
