/**
 * Every way in which PGQueuer can say no. Callers switch on `code`; messages may change between versions.
 *
 * `PGQ_OPTION_INVALID` an option is unknown, of the wrong type or out of range ·
 * `PGQ_PAYLOAD_INVALID` JSON cannot hold the payload, or it does not fit its schema · `PGQ_PAYLOAD_TOO_LARGE` it is over the limit ·
 * `PGQ_DUPLICATE_KEY` an unfinished job has this dedupe key · `PGQ_DUPLICATE_RUNNING` it runs, so it cannot be replaced ·
 * `PGQ_NAME_INVALID` a schema, prefix or entrypoint name is not of the right form ·
 * `PGQ_SCHEMA_MISSING` `PGQ_SCHEMA_TOO_OLD` `PGQ_SCHEMA_TOO_NEW` the database and this code don't fit ·
 * `PGQ_PERMISSION_DENIED` the database role lacks a right · `PGQ_POOL_TOO_SMALL` a worker needs more connections ·
 * `PGQ_CONNECTION_FAILED` no connection could be made · `PGQ_CONNECTION_LOST` an open one broke ·
 * `PGQ_CONNECTION_INVALID` the connection string is of the wrong form · `PGQ_DRIVER_CLOSED` used after its end ·
 * `PGQ_DRIVER_BUSY` the outer driver was used inside its own transaction ·
 * `PGQ_UNSUPPORTED` the driver declares that it lacks this · `PGQ_QUERY_FAILED` the server refused a statement, see `sqlState` ·
 * `PGQ_OUTCOME_UNKNOWN` the connection broke while a write may have been committed ·
 * `PGQ_ABORTED` the caller's signal fired · `PGQ_TIMEOUT` no answer in time ·
 * `PGQ_WORKER_STATE` start, stop or register at the wrong moment ·
 * `PGQ_RESULT_INVALID` JSON cannot hold what a handler returned, it is over the limit, or does not fit its schema ·
 * `PGQ_JOB_UNKNOWN` no job has this id · `PGQ_JOB_NOT_SUCCESSFUL` it has no result, because it ended otherwise ·
 * `PGQ_JOB_ENDED` complete was called for a run that has ended · `PGQ_LEASE_LOST` the job is not this worker's any more ·
 * `PGQ_COMPLETE_ROLLED_BACK` the transaction in which a handler completed its job was rolled back ·
 * `PGQ_WATCHER_CLOSED` a CompletionWatcher was used after its end ·
 * `PGQ_SCHEDULE_INVALID` a cron expression or its time zone cannot be read, or no date ever fits it ·
 * `PGQ_SCHEDULE_UNKNOWN` no schedule has this name ·
 * `PGQ_MODULE_INVALID` a module for `pgq run` or a thread is missing, throws or exports the wrong thing ·
 * `PGQ_THREAD_LOST` the thread that ran a job ended before the job did ·
 * `PGQ_PORT_UNAVAILABLE` a port to listen on is taken or not allowed · `PGQ_USAGE` wrong command line · `PGQ_EMBEDDED_MISSING` `PGQ_EMBEDDED_FAILED` the embedded PostgreSQL.
 */
export type ErrorCode =
  | "PGQ_OPTION_INVALID"
  | "PGQ_PAYLOAD_INVALID"
  | "PGQ_PAYLOAD_TOO_LARGE"
  | "PGQ_NAME_INVALID"
  | "PGQ_DUPLICATE_KEY"
  | "PGQ_DUPLICATE_RUNNING"
  | "PGQ_SCHEMA_MISSING"
  | "PGQ_SCHEMA_TOO_OLD"
  | "PGQ_SCHEMA_TOO_NEW"
  | "PGQ_PERMISSION_DENIED"
  | "PGQ_POOL_TOO_SMALL"
  | "PGQ_CONNECTION_FAILED"
  | "PGQ_CONNECTION_LOST"
  | "PGQ_CONNECTION_INVALID"
  | "PGQ_DRIVER_CLOSED"
  | "PGQ_DRIVER_BUSY"
  | "PGQ_UNSUPPORTED"
  | "PGQ_QUERY_FAILED"
  | "PGQ_OUTCOME_UNKNOWN"
  | "PGQ_ABORTED"
  | "PGQ_TIMEOUT"
  | "PGQ_WORKER_STATE"
  | "PGQ_JOB_UNKNOWN"
  | "PGQ_RESULT_INVALID"
  | "PGQ_JOB_NOT_SUCCESSFUL"
  | "PGQ_JOB_ENDED"
  | "PGQ_LEASE_LOST"
  | "PGQ_COMPLETE_ROLLED_BACK"
  | "PGQ_WATCHER_CLOSED"
  | "PGQ_SCHEDULE_INVALID"
  | "PGQ_SCHEDULE_UNKNOWN"
  | "PGQ_MODULE_INVALID"
  | "PGQ_THREAD_LOST"
  | "PGQ_PORT_UNAVAILABLE"
  | "PGQ_USAGE"
  | "PGQ_EMBEDDED_MISSING"
  | "PGQ_EMBEDDED_FAILED"

/** What a schema found wrong with a value. */
export interface SchemaIssue {
  readonly message: string
  /** The keys that lead to the place; empty for the value as a whole. */
  readonly path: readonly PropertyKey[]
}

export interface ErrorDetails {
  readonly remedy: string
  readonly issues?: readonly SchemaIssue[] | undefined
  readonly sqlState?: string | undefined
  readonly cause?: unknown
}

/** What every function of this package throws: `message` says what happened, `remedy` what to do about it. */
export class PgQueuerError extends Error {
  override readonly name = "PgQueuerError"
  readonly code: ErrorCode
  readonly remedy: string
  /** The five characters of PostgreSQL's SQLSTATE, when the server said no. */
  readonly sqlState: string | undefined
  /** What a schema found, when a payload or a result did not fit. */
  readonly issues: readonly SchemaIssue[] | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.remedy = details.remedy
    this.sqlState = details.sqlState
    this.issues = details.issues
  }
}

/** Whether an error is ours and of one of these codes. */
export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is PgQueuerError {
  return error instanceof PgQueuerError && codes.includes(error.code)
}

/** Whether the server refused it for SQLSTATE class 22 (data) or 23 (constraint): one row is at fault, the others may be fine. */
export function isAboutTheData(error: unknown): boolean {
  return error instanceof PgQueuerError && /^2[23]/.test(error.sqlState ?? "")
}
