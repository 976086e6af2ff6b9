import { type ErrorCode, PgQueuerError } from "../../domain/errors.js"

/** What was going on when a client threw: it decides between "could not connect", "lost" and "refused". */
export type Phase = "connect" | "query" | "commit"

/**
 * What a PostgreSQL client threw, as one of our errors with the client's error as its cause.
 * An error that is ours already comes through unchanged.
 */
export function driverError(error: unknown, phase: Phase): PgQueuerError {
  if (error instanceof PgQueuerError) return error
  const failure = readFailure(error)
  const { code, remedy } = reasonOf(failure, phase)
  const isUnanswered = code === "PGQ_CONNECTION_LOST" || code === "PGQ_TIMEOUT"
  if (isUnanswered && phase === "commit") return outcomeUnknown(error)
  return new PgQueuerError(code, `${beginnings[code]}: ${failure.message}`, {
    remedy,
    sqlState: failure.sqlState,
    cause: error,
  })
}

/** A connection that broke, or that nobody may use any more. */
export function connectionLost(cause: unknown): PgQueuerError {
  const message = cause === undefined ? "it was closed" : readFailure(cause).message
  return new PgQueuerError("PGQ_CONNECTION_LOST", `${beginnings.PGQ_CONNECTION_LOST}: ${message}`, {
    remedy: lostRemedy,
    cause,
  })
}

export function driverClosed(label: string, what = "the client was ended"): PgQueuerError {
  return new PgQueuerError("PGQ_DRIVER_CLOSED", `${label} was used after its end: ${what}`, {
    remedy: "Stop workers and await enqueues before ending the client or the transaction that the driver stands on.",
  })
}

/** A use that would wait for itself: the only connection belongs to the transaction that the call comes from. */
export function driverBusy(label: string): PgQueuerError {
  return new PgQueuerError("PGQ_DRIVER_BUSY", `${label} was used inside its own transaction`, {
    remedy: "Use the transaction that `work` is called with, or a driver with more connections.",
  })
}

export function unsupported(label: string, what: string, remedy: string): PgQueuerError {
  return new PgQueuerError("PGQ_UNSUPPORTED", `${label} has no ${what}`, { remedy })
}

/** A COMMIT that answered ROLLBACK: PostgreSQL does that, without an error, when a statement had failed before. */
export function rolledBackInstead(): PgQueuerError {
  return new PgQueuerError(
    "PGQ_QUERY_FAILED",
    "The transaction was rolled back, not committed: a statement in it failed",
    {
      remedy: "Let the statement's error leave `work`; after it nothing in the transaction can take effect.",
      sqlState: "25P02",
    },
  )
}

function outcomeUnknown(cause: unknown): PgQueuerError {
  const message = `The connection broke before the reply to COMMIT: ${readFailure(cause).message}`
  return new PgQueuerError("PGQ_OUTCOME_UNKNOWN", message, {
    remedy: "Look whether the work is there before doing it again: it may have been committed.",
    cause,
  })
}

interface Failure {
  readonly message: string
  /** PostgreSQL's code, when the server answered. */
  readonly sqlState: string | undefined
  /** The code of Node or of the client library: `ECONNREFUSED`, `CONNECTION_CLOSED`. */
  readonly code: string | undefined
  readonly fatal: boolean
}

// EPIPE has the form of an SQLSTATE; only what the server says has a severity.
function readFailure(error: unknown): Failure {
  if (typeof error !== "object" || error === null)
    return { message: String(error), sqlState: undefined, code: undefined, fatal: false }
  const { message, code, severity, errors } = error as Record<string, unknown>
  const first = Array.isArray(errors) ? readFailure(errors[0]) : undefined
  const text = typeof message === "string" && message !== "" ? message : (first?.message ?? "no reason given")
  const name = typeof code === "string" ? code : undefined
  return typeof severity === "string"
    ? { message: text, sqlState: name, code: undefined, fatal: severity === "FATAL" || severity === "PANIC" }
    : { message: text, sqlState: undefined, code: name ?? first?.code, fatal: false }
}

interface Reason {
  readonly code: ErrorCode
  readonly remedy: string
}

function reasonOf(failure: Failure, phase: Phase): Reason {
  const known = failure.sqlState === undefined ? clientReason(failure) : serverReason(failure, failure.sqlState, phase)
  if (phase !== "connect") return known
  const belongsHere = known.code !== "PGQ_CONNECTION_LOST" && known.code !== "PGQ_QUERY_FAILED"
  return belongsHere ? known : { code: "PGQ_CONNECTION_FAILED", remedy: connectRemedy }
}

function serverReason(failure: Failure, sqlState: string, phase: Phase): Reason {
  const isStartup = phase === "connect" || failure.fatal
  const remedy = startupRemedies[sqlState]
  if (remedy !== undefined && isStartup) return { code: "PGQ_CONNECTION_FAILED", remedy }
  if (lostStates.test(sqlState) || failure.fatal) return { code: "PGQ_CONNECTION_LOST", remedy: lostRemedy }
  if (sqlState === "42501")
    return { code: "PGQ_PERMISSION_DENIED", remedy: "Grant the right to the role that connects." }
  return {
    code: "PGQ_QUERY_FAILED",
    remedy: queryRemedies[sqlState] ?? "See `sqlState` and `cause` for what PostgreSQL said.",
  }
}

function clientReason(failure: Failure): Reason {
  const known = clientReasons.find(({ pattern }) => pattern.test(failure.code ?? "") || pattern.test(failure.message))
  return known ?? { code: "PGQ_QUERY_FAILED", remedy: "See `cause` for what the PostgreSQL client said." }
}

const lostRemedy =
  "Use the driver again: pools open a new connection by themselves. A driver on one client needs a new client."
const connectRemedy = "Check the connection string: host, port, database, user, password and TLS."
const startRemedy = "Start PostgreSQL, or correct host and port."
const waitRemedy =
  "Check host, port and firewall; give the pool more connections, or its connectionTimeoutMillis more time."
const preparedRemedy = "Behind a pooler in transaction mode give the driver `prepare: false`."

const beginnings: { readonly [C in ErrorCode]?: string } = {
  PGQ_CONNECTION_FAILED: "No connection to PostgreSQL could be made",
  PGQ_CONNECTION_LOST: "The connection to PostgreSQL is gone",
  PGQ_PERMISSION_DENIED: "The database role lacks a right",
  PGQ_QUERY_FAILED: "The statement failed",
  PGQ_DRIVER_CLOSED: "The driver was used after its end",
  PGQ_TIMEOUT: "No answer in time",
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html: connection exceptions, the shut-downs of the server,
// and the three time-outs after which it ends a session.
const lostStates = /^(?:08...|57P0[12345]|25P0[34])$/

const startupRemedies: Readonly<Record<string, string>> = {
  "28000": "Check the user, and the server's pg_hba.conf.",
  "28P01": "Check user and password.",
  "3D000": "Create the database, or correct its name in the connection string.",
  "42501": "Grant the role the right to connect to this database.",
  "53300": "Raise max_connections, make the pools smaller, or put a pooler in front of the server.",
  "57P03": "The server is starting up or shutting down: try again in a moment.",
}

const queryRemedies: Readonly<Record<string, string>> = {
  "26000": preparedRemedy,
  "42P05": preparedRemedy,
  "57014": "The statement was cancelled, by statement_timeout or by hand.",
}

const clientReasons: readonly (Reason & { readonly pattern: RegExp })[] = [
  { pattern: /^ECONNREFUSED$|^ENOENT$/, code: "PGQ_CONNECTION_FAILED", remedy: startRemedy },
  {
    pattern: /^(?:ENOTFOUND|EAI_AGAIN)$/,
    code: "PGQ_CONNECTION_FAILED",
    remedy: "Correct the host name, or check DNS.",
  },
  { pattern: /^(?:CONNECT_TIMEOUT|EHOSTUNREACH|ENETUNREACH)$/, code: "PGQ_CONNECTION_FAILED", remedy: waitRemedy },
  {
    pattern: /^timeout exceeded when trying to connect$|^timeout expired$|due to connection timeout/,
    code: "PGQ_CONNECTION_FAILED",
    remedy: waitRemedy,
  },
  { pattern: /client password must be|^SASL_/, code: "PGQ_CONNECTION_FAILED", remedy: "Check user and password." },
  {
    pattern: /^CONNECTION_ENDED$|was closed and is not queryable|after calling end on the pool|PGlite is clos/,
    ...closedReason(),
  },
  {
    pattern: /^(?:ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|CONNECTION_CLOSED|CONNECTION_DESTROYED)$/,
    code: "PGQ_CONNECTION_LOST",
    remedy: lostRemedy,
  },
  {
    pattern: /^Connection terminated|has encountered a connection error/,
    code: "PGQ_CONNECTION_LOST",
    remedy: lostRemedy,
  },
  { pattern: /^Query read timeout$/, code: "PGQ_TIMEOUT", remedy: "Raise the client's query_timeout." },
]

function closedReason(): Reason {
  return { code: "PGQ_DRIVER_CLOSED", remedy: "Stop workers and await enqueues before ending the client." }
}
