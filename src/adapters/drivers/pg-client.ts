import { PgQueuerError } from "../../domain/errors.js"

/** The part of a `Client` of the package pg that a driver uses. */
export interface PgClient {
  query(statement: PgStatement): Promise<PgResult | readonly PgResult[]>
  on(event: "notification", listener: (message: PgNotification) => void): unknown
  on(event: "error", listener: (error: Error) => void): unknown
  on(event: "end", listener: () => void): unknown
  removeListener(event: "notification", listener: (message: PgNotification) => void): unknown
  connect(): Promise<unknown>
  end(): Promise<void>
  /** Read for its socket's state only. */
  readonly connection?: unknown
  /** Where the connection stood after the last statement; missing in versions of pg before 8.21. */
  getTransactionStatus?(): "I" | "T" | "E" | null
}

/** The part of a `Pool` of the package pg that a driver uses. */
export interface PgPool {
  readonly options: { readonly max: number }
  connect(): Promise<PgPoolClient>
  on(event: "error", listener: (error: Error) => void): unknown
  listenerCount(event: "error"): number
}

export interface PgPoolClient extends PgClient {
  release(destroy?: boolean): void
}

export interface PgStatement {
  text: string
  values: (string | Buffer | null)[]
  types: { getTypeParser(typeOid: number): (text: string) => unknown }
  name?: string
}

export interface PgResult {
  readonly command: string
  readonly rows: readonly Record<string, unknown>[]
}

export interface PgNotification {
  readonly channel: string
  readonly payload?: string | undefined
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID` for a pool, each of whose statements may go to another connection */
export function refuseOtherThanClient(client: unknown, label: string): asserts client is PgClient {
  const { query, on, idleCount } = (client ?? {}) as Record<string, unknown>
  if (typeof query === "function" && typeof on === "function" && idleCount === undefined) return
  throw new PgQueuerError("PGQ_OPTION_INVALID", `${label} was given no client of pg`, {
    remedy: "Give it a Client or the client from pool.connect(). For a Pool there is PgPoolDriver.",
  })
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID` for anything that does not say how many connections it may hold */
export function refuseOtherThanPool(pool: unknown, label: string): asserts pool is PgPool {
  const { connect, options } = (pool ?? {}) as { connect?: unknown; options?: { max?: unknown } }
  if (typeof connect === "function" && typeof options?.max === "number") return
  throw new PgQueuerError("PGQ_OPTION_INVALID", `${label} was given no pool of pg`, {
    remedy: "Give it a Pool. For a Client there is PgDriver.",
  })
}
