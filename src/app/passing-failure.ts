import { hasCode, PgQueuerError } from "../domain/errors.js"

/** Too many connections, no space, locks, deadlocks, statements that the server gave up: these come and go. */
const passingClasses = new Set(["40", "53", "55", "57", "58"])

/**
 * Whether trying again may help. A connection that cannot be made is worth another try only when it could be made before:
 * else the address or the password is wrong.
 */
export function mayPass(error: unknown, connectedBefore: boolean): boolean {
  if (hasCode(error, "PGQ_CONNECTION_LOST", "PGQ_TIMEOUT", "PGQ_OUTCOME_UNKNOWN")) return true
  if (hasCode(error, "PGQ_CONNECTION_FAILED")) return connectedBefore
  if (!(error instanceof PgQueuerError) || error.code !== "PGQ_QUERY_FAILED") return false
  return passingClasses.has(error.sqlState?.slice(0, 2) ?? "")
}
