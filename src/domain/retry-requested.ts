import { type Duration, toMilliseconds } from "./duration.js"
import { anyValue, checkOptions } from "./options.js"

export interface RetryOptions {
  /** The pause before the next attempt; default 0: at once. */
  readonly delay?: Duration
  /** Why, for the record of the attempt. */
  readonly reason?: string
  /** What went wrong. Without a `reason` it is recorded as the error of the attempt. */
  readonly cause?: unknown
}

/**
 * Thrown by a handler that wants to be run again: the attempt is recorded as failed, the next one starts at its time. Where the job or
 * its entrypoint's `retry` says how many attempts there may be, the last one ends like any other failure.
 */
export class RetryRequested extends Error {
  override readonly name = "RetryRequested"
  readonly delayMs: number
  readonly reason: string | undefined

  /** @throws PgQueuerError `PGQ_OPTION_INVALID` */
  constructor(options: RetryOptions = {}) {
    checkOptions("RetryRequested", options, {
      delay: anyValue,
      reason: (value) => (typeof value === "string" ? undefined : "must be a string"),
      cause: anyValue,
    })
    super(
      options.reason ?? "the handler asked for another attempt",
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.delayMs = toMilliseconds(options.delay ?? 0, "delay")
    this.reason = options.reason
  }
}
