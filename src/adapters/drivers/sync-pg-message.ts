import { type ErrorCode, PgQueuerError } from "../../domain/errors.js"
import type { Parameter, Row } from "../../ports/driver.js"

/** What the thread is started with. */
export interface ThreadStart {
  readonly connection: string | Readonly<Record<string, unknown>>
  readonly timeoutMs: number
  /** Two numbers in shared memory, at the places that {@link cell} names. */
  readonly cells: Int32Array
}

export const cell = {
  /** Counts the answers; the caller sleeps until it moves. */
  answers: 0,
  /** Decides a race between the time-out and COMMIT: whoever moves it from {@link gate}.open first has won. */
  gate: 1,
} as const

export const gate = { open: 0, committing: 1, abandoned: 2 } as const

export type Request =
  | { readonly kind: "query" | "statement"; readonly sql: string; readonly parameters: readonly Parameter[] }
  | { readonly kind: "begin" | "commit" | "rollback" | "end" }

export type Answer = { readonly rows: readonly Row[] } | { readonly failure: Failure }

/** An error as it crosses the border of threads, where classes and codes are lost. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
  readonly sqlState: string | undefined
  readonly cause: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
}

export function toFailure(error: PgQueuerError): Failure {
  const { code, message, remedy, sqlState, cause } = error
  const fields = cause instanceof Error ? Object.entries(cause).filter(([, value]) => typeof value === "string") : []
  const crossing = cause instanceof Error ? { message: cause.message, fields: Object.fromEntries(fields) } : undefined
  return { code, message, remedy, sqlState, cause: crossing }
}

export function fromFailure({ code, message, remedy, sqlState, cause }: Failure): PgQueuerError {
  const error = cause && Object.assign(new Error(cause.message), cause.fields)
  return new PgQueuerError(code, message, { remedy, sqlState, cause: error })
}
