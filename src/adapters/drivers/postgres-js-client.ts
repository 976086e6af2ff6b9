/** The part of `sql`, made by the package postgres, that a driver uses. */
export interface PostgresJsSql extends PostgresJsStatements {
  begin(work: (transaction: PostgresJsTransaction) => Promise<unknown>): Promise<unknown>
  readonly options: PostgresJsOptions
}

/** The part of a transaction's `sql` that a driver uses. */
export interface PostgresJsTransaction extends PostgresJsStatements {
  savepoint(work: (savepoint: PostgresJsTransaction) => Promise<unknown>): Promise<unknown>
}

export interface PostgresJsStatements {
  /** @param parameters - what `typed` gives; its type is postgres.js's own affair */
  unsafe(text: string, parameters: never[], options: { prepare: boolean }): PostgresJsQuery
  typed(value: string | null, typeOid: number): unknown
}

export interface PostgresJsQuery extends PromiseLike<unknown> {
  raw(): PromiseLike<unknown>
}

export interface PostgresJsOptions {
  readonly max: number
  readonly transform: {
    readonly column: { readonly from: ((name: string) => string) | undefined }
    readonly row: { readonly from: ((row: never) => unknown) | undefined }
  }
}
