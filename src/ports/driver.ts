/** A value for `$1`, `$2`, …; arrays become PostgreSQL arrays, of one type each. */
export type Parameter = Scalar | readonly Scalar[]
type Scalar = string | number | bigint | boolean | Date | Uint8Array | null

/**
 * A row by column name. Whatever the client library is set to, values come as:
 * int2, int4, oid, float → number · int8, numeric → string · bool → boolean · timestamptz → Date · json, jsonb → parsed ·
 * bytea → Uint8Array · arrays of int2, int4, int8, text → arrays of the same · null → null · all else → PostgreSQL's text.
 */
export type Row = Readonly<Record<string, unknown>>

export interface QueryOptions {
  /**
   * Under this name the statement is prepared once a connection and used again; the same name always has the same text.
   * Drivers that were told not to prepare ignore it.
   */
  readonly name?: string
  /**
   * Gives up waiting: the call rejects with `PGQ_ABORTED` (or `PGQ_TIMEOUT` for `AbortSignal.timeout`), and the connection,
   * whose state nobody knows, is not used again. The server may still finish the statement.
   */
  readonly signal?: AbortSignal
}

/** What can run statements: a driver, a session of its own, or an open transaction. */
export interface Queryable {
  /** @throws PgQueuerError `PGQ_QUERY_FAILED` with `sqlState`, `PGQ_CONNECTION_LOST`, `PGQ_CONNECTION_FAILED`, `PGQ_DRIVER_CLOSED`, … */
  query<R extends Row = Row>(
    sql: string,
    parameters?: readonly Parameter[],
    options?: QueryOptions,
  ): Promise<readonly R[]>
}

/** What a driver has, and what it lacks; using what it lacks is `PGQ_UNSUPPORTED`. */
export interface DriverFeatures {
  /** LISTEN reaches this process. */
  readonly listen: boolean
  /** How many sessions it can hold at once; 1 means that everything shares one connection. */
  readonly sessions: number
  /** It is bound to a transaction that the caller opened and will end. */
  readonly inTransaction: boolean
}

/** The adapter to a PostgreSQL client. Small on purpose: everything else is built on it. */
export interface Driver extends Queryable {
  /** For messages: `PgPoolDriver`. */
  readonly label: string
  readonly features: DriverFeatures
  /**
   * `begin`, the work, `commit`; or `rollback` when it throws, and the error comes through.
   * The connection belongs to `work` alone. Where the driver has one connection only, using the driver itself
   * inside `work` is `PGQ_DRIVER_BUSY`, not a hang.
   * A commit whose reply was lost is `PGQ_OUTCOME_UNKNOWN`.
   */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>
  /** A connection held until it is released, for work that nobody may starve. Shared when `features.sessions` is 1. */
  session(): Promise<Session>
  /** The driver on a transaction that the caller opened on a client of the same library, and will end. */
  joinTransaction?(client: unknown): Driver
  /**
   * What a client of pg needs to make such a connection in another thread; only what can be copied there.
   *
   * @throws PgQueuerError `PGQ_UNSUPPORTED` when there are functions among the settings, or several hosts
   */
  connectionSettings?(): Readonly<Record<string, unknown>>
  /** LISTEN on a connection held for it. The channel is a plain name; the driver quotes it. */
  listen(channel: string, listener: Listener): Promise<Subscription>
}

export interface Session extends Queryable {
  /** Fires once when the connection is lost while nobody waits for a query; queries then reject. Never after `release`. */
  onLost(callback: (error: unknown) => void): void
  /** Gives the connection back, or ends it when it is broken or `discard` is set. Twice is once. */
  release(options?: { readonly discard?: boolean }): Promise<void>
}

export interface Listener {
  /** The payload of a notification; "" when it has none. */
  onNotification(payload: string): void
  /** The connection is gone: nothing arrives any more until somebody listens again. Once, and never after `close`. */
  onLost(error: unknown): void
}

export interface Subscription {
  close(): Promise<void>
}
