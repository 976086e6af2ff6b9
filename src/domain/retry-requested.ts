import { type Duration, toMilliseconds } from "./duration.js"
import { checkOptions } from "./options.js"

export interface RetryOptions {
  /** The pause before the next attempt; default 0: at once. */
  readonly delay?: Duration
  /** Why, for the record of the attempt. */
  readonly reason?: string
}

/** Thrown by a handler that wants to be run again: the attempt is recorded as failed, the next one starts at its time. */
export class RetryRequested extends Error {
  override readonly name = "RetryRequested"
  readonly delayMs: number

  /** @throws PgQueuerError `PGQ_OPTION_INVALID` */
  constructor(options: RetryOptions = {}) {
    checkOptions("RetryRequested", options, {
      delay: () => undefined,
      reason: (value) => (typeof value === "string" ? undefined : "must be a string"),
    })
    super(options.reason ?? "the handler asked for another attempt")
    this.delayMs = toMilliseconds(options.delay ?? 0, "delay")
  }
}
