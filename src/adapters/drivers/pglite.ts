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
import { columnDecoders } from "./column-decoder.js"
import { ConnectionSession } from "./connection-session.js"
import { driverClosed, driverError, rolledBackInstead, unsupported } from "./driver-error.js"
import { OwnTransactions } from "./own-transactions.js"
import { parameterText } from "./parameter-text.js"

/** The part of a `PGlite` of the package @electric-sql/pglite that a driver uses. */
export interface PgliteDatabase extends PgliteStatements {
  readonly closed: boolean
  transaction(work: (transaction: PgliteTransaction) => Promise<unknown>): Promise<unknown>
  listen(channel: string, callback: (payload: string) => void): Promise<unknown>
  unlisten(channel: string, callback: (payload: string) => void): Promise<void>
}

/** The part of a transaction of PGlite that a driver uses. */
export interface PgliteTransaction extends PgliteStatements {
  readonly closed: boolean
  rollback(): Promise<void>
}

export interface PgliteStatements {
  query(sql: string, parameters: (string | null)[], options: PgliteQueryOptions): Promise<{ rows: unknown[] }>
}

export interface PgliteQueryOptions {
  parsers: Record<number, (text: string) => unknown>
  serializers: Record<number, (text: string) => string>
}

/**
 * A driver on a PGlite, PostgreSQL inside this process: one connection, one process, for tests and demonstrations.
 *
 * A statement blocks the event loop while it runs, so a signal takes effect only between statements. Inside
 * `db.transaction` of the caller it would wait for ever: {@link PgliteDriver.inTransaction} is for that.
 */
export class PgliteDriver implements Driver {
  readonly label = "PgliteDriver"
  readonly features: DriverFeatures = { listen: true, sessions: 1, inTransaction: false }
  readonly #database: PgliteDatabase
  readonly #ownTransactions: OwnTransactions

  constructor(database: PgliteDatabase) {
    this.#database = database
    this.#ownTransactions = ownTransactionsOf(database)
  }

  /**
   * A driver whose statements belong to the transaction that `db.transaction` calls back with.
   * `transaction` is a savepoint there. It has no LISTEN.
   */
  static inTransaction(transaction: PgliteTransaction): Driver {
    return new PgliteTransactionDriver(transaction)
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options?: QueryOptions,
  ): Promise<readonly R[]> {
    this.#enter()
    return runPglite<R>(this.#database, sql, parameters, options)
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    this.#enter()
    let outcome: { readonly result: T } | { readonly error: unknown } | undefined
    const begun = this.#database.transaction(async (open) => {
      try {
        outcome = { result: await this.#ownTransactions.run(() => runWork(open, work)) }
      } catch (error) {
        outcome = { error }
        throw error
      }
    })
    await begun.catch((error: unknown) => {
      throw outcome !== undefined && "error" in outcome ? outcome.error : driverError(error, "commit")
    })
    return (outcome as unknown as { readonly result: T }).result
  }

  async session(): Promise<Session> {
    return shareSession(this)
  }

  joinTransaction(client: unknown): Driver {
    return new PgliteTransactionDriver(client as PgliteTransaction)
  }

  async listen(channel: string, listener: Listener): Promise<Subscription> {
    this.#enter()
    // PGlite folds a name without quotes to lower case, and its own way to stop listening forgets the quotes.
    const name = `"${channel}"`
    const hear = (payload: string) => listener.onNotification(payload)
    await this.#database.listen(name, hear).catch((error: unknown) => {
      throw driverError(error, "query")
    })
    let closing: Promise<void> | undefined
    const close = async () => {
      if (!this.#database.closed) await this.#database.unlisten(name, hear)
    }
    return { close: () => (closing ??= close()) }
  }

  #enter(): void {
    if (this.#database.closed) throw driverClosed(this.label, "the database was closed")
    this.#ownTransactions.refuseInside(this.label)
  }
}

class PgliteTransactionDriver implements Driver {
  readonly label = "PgliteDriver.inTransaction"
  readonly features: DriverFeatures = { listen: false, sessions: 1, inTransaction: true }
  readonly #transaction: PgliteTransaction
  #savepoints = 0

  constructor(transaction: PgliteTransaction) {
    // Only a transaction has `rollback`; statements of the database itself would wait for the transaction to end.
    if (typeof transaction?.rollback !== "function") throw notATransaction(this.label)
    this.#transaction = transaction
  }

  async query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options?: QueryOptions,
  ): Promise<readonly R[]> {
    if (this.#transaction.closed) throw driverClosed(this.label, "the transaction has ended")
    return runPglite<R>(this.#transaction, sql, parameters, options)
  }

  async transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    const name = `pgqueuer_${++this.#savepoints}`
    await this.query(`savepoint ${name}`)
    try {
      const result = await work({ query: this.query.bind(this) as Queryable["query"] })
      await this.query(`release savepoint ${name}`)
      return result
    } catch (error) {
      await this.query(`rollback to savepoint ${name}`)
      throw error
    }
  }

  async session(): Promise<Session> {
    return shareSession(this)
  }

  async listen(): Promise<Subscription> {
    throw unsupported(this.label, "LISTEN", "Listen with a driver on the database outside the transaction.")
  }
}

async function runPglite<R extends Row>(
  target: PgliteStatements,
  sql: string,
  parameters: readonly Parameter[] = [],
  { signal }: QueryOptions = {},
): Promise<readonly R[]> {
  refuseAborted(signal)
  const texts = parameters.map(parameterText)
  try {
    const { rows } = await untilAborted(target.query(sql, texts, asText), signal, () => {})
    return rows as readonly R[]
  } catch (error) {
    throw driverError(withoutValues(error), "query")
  }
}

async function runWork<T>(open: PgliteTransaction, work: (transaction: Queryable) => Promise<T>): Promise<T> {
  let failed: unknown
  let ended = false
  const query: Queryable["query"] = async <R extends Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options?: QueryOptions,
  ) => {
    if (ended) throw driverClosed("A transaction", "it was committed or rolled back")
    return runPglite<R>(open, sql, parameters, options).catch((error: unknown) => {
      failed = error
      throw error
    })
  }
  try {
    const result = await work({ query })
    if (failed !== undefined) await refuseFailed(query)
    return result
  } finally {
    ended = true
  }
}

// PGlite before 0.5 takes the ROLLBACK that answers a COMMIT after a failed statement for a commit.
async function refuseFailed(query: Queryable["query"]): Promise<void> {
  try {
    await query("select 1")
  } catch (error) {
    throw error instanceof PgQueuerError && error.sqlState === "25P02" ? rolledBackInstead() : error
  }
}

function shareSession(driver: Queryable): Session {
  const query = driver.query.bind(driver) as Queryable["query"]
  return new ConnectionSession({ query, watch: () => () => {}, isBroken: false }, async () => {})
}

function notATransaction(label: string): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", `${label} was given no transaction of PGlite`, {
    remedy: "Give it what db.transaction calls back with.",
  })
}

// PGlite hangs the statement's parameters on its errors, where a log would show them.
function withoutValues(error: unknown): unknown {
  if (typeof error === "object" && error !== null && "params" in error) {
    Object.defineProperty(error, "params", { enumerable: false })
  }
  return error
}

const databases = new WeakMap<PgliteDatabase, OwnTransactions>()

function ownTransactionsOf(database: PgliteDatabase): OwnTransactions {
  const known = databases.get(database) ?? new OwnTransactions()
  databases.set(database, known)
  return known
}

/**
 * Types that stay text though PGlite, or parsers that it was given, may have other ideas: numbers that a `number` cannot
 * hold, the kinds of text, dates, and lists of what has no rule.
 */
const textTypes = [
  20, 1700, 18, 19, 25, 1042, 1043, 2950, 1082, 1083, 1114, 1186, 1266, 199, 1000, 1001, 1002, 1003, 1014, 1015, 1021,
  1022, 1028, 1115, 1182, 1183, 1185, 1187, 1231, 2951, 3807,
]

const identity = (text: string) => text

// PGlite looks serializers up by the type of the parameter; the texts are final for every type.
const asText: PgliteQueryOptions = {
  parsers: { ...Object.fromEntries(textTypes.map((type) => [type, identity])), ...columnDecoders() },
  serializers: new Proxy({}, { get: () => identity }),
}
