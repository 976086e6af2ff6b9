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
