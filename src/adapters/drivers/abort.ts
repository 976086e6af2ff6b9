import { PgQueuerError } from "../../domain/errors.js"

/**
 * What a promise gives, unless a signal fires first: then the call rejects at once and `abandon` deals with what goes on.
 * The promise's own end is then of no interest, an error included.
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, abandon: () => void): Promise<T> {
  if (signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      abandon()
      reject(abortError(signal))
    }
    const settled = () => signal.removeEventListener("abort", abort)
    promise.finally(settled).then(resolve, reject)
    if (signal.aborted) abort()
    else signal.addEventListener("abort", abort, { once: true })
  })
}

/** @throws PgQueuerError `PGQ_ABORTED` or `PGQ_TIMEOUT` when the signal has fired already */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError(signal)
}

/** `PGQ_TIMEOUT` for the signal of `AbortSignal.timeout`, else `PGQ_ABORTED`; the signal's reason is the cause. */
export function abortError(signal: AbortSignal): PgQueuerError {
  const cause: unknown = signal.reason
  return cause instanceof DOMException && cause.name === "TimeoutError"
    ? new PgQueuerError("PGQ_TIMEOUT", "The database did not answer in time", {
        remedy: "Try again, or allow more time. The server may still finish the statement.",
        cause,
      })
    : new PgQueuerError("PGQ_ABORTED", "The wait for the database was given up: the caller's signal fired", {
        remedy: "Nothing, if that was meant. The server may still finish the statement.",
        cause,
      })
}
