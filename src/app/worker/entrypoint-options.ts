import { type Duration, toTimeoutMs } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { aBoolean, anObject, anyValue, checkOptions, oneOf, show, wholeNumber } from "../../domain/options.js"
import { type Retention, type RetentionOptions, resolveOwnRetention } from "../../domain/retention.js"
import { type ResolvedRetryPolicy, type RetryPolicy, resolveRetryPolicy } from "../../domain/retry-policy.js"
import type { Executor } from "../../ports/executor.js"

/** How the jobs of one entrypoint are run, over all workers. */
export interface EntrypointOptions {
  /** Never more than so many of its jobs are held at once over all workers, 1 to 1,000,000; default: no limit. */
  readonly concurrencyLimit?: number
  /** One at a time over all workers, in the order of priority, then first come: a `concurrencyLimit` of 1. */
  readonly serializedDispatch?: boolean
  /** Starts a second over all workers, spaced evenly; 0.0001 to 1,000,000, fractions too (0.5: one every two seconds). Default: no limit. */
  readonly requestsPerSecond?: number
  /** Runs a job again when an attempt has failed; default: one attempt, as in the original. `{}` takes the defaults of a `RetryPolicy`. */
  readonly retry?: RetryPolicy
  /** What becomes of a job that has failed for good: recorded as `exception` (default), or held as `failed` for a decision. */
  readonly onFailure?: "exception" | "hold"
  /** How long one run may take before its signal aborts and the attempt has failed, 1 ms to 24 days; default: as long as it likes. */
  readonly timeout?: Duration
  /** The strategy that runs the handler; default: the handler is called. */
  readonly executor?: Executor
  /** How long ends of its jobs are kept, where that differs from the `retention` of `PgQueuer`. */
  readonly retention?: RetentionOptions
}

/** The same, checked; null where nothing limits. */
export interface ResolvedEntrypointOptions {
  readonly concurrencyLimit: number | null
  readonly requestsPerSecond: number | null
  /** Null: one attempt. */
  readonly retry: ResolvedRetryPolicy | null
  readonly onFailure: "exception" | "hold"
  readonly timeoutMs: number | null
  readonly executor: Executor | null
  readonly retention: Partial<Retention> | null
}

export const entrypointOptionChecks = {
  concurrencyLimit: wholeNumber(1, 1_000_000),
  serializedDispatch: aBoolean,
  requestsPerSecond: (value: unknown) =>
    typeof value === "number" && value >= 0.0001 && value <= 1_000_000
      ? undefined
      : `must be a number from 0.0001 to 1,000,000, not ${show(value)}`,
  retry: anObject,
  onFailure: oneOf("exception", "hold"),
  timeout: anyValue,
  executor: (value: unknown) =>
    typeof value === "object" && value !== null && "execute" in value && typeof value.execute === "function"
      ? undefined
      : `must be an object with the method execute, not ${show(value)}`,
  retention: anyValue,
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID` */
export function resolveEntrypointOptions(name: string, given: EntrypointOptions = {}): ResolvedEntrypointOptions {
  checkOptions(`the entrypoint ${show(name)}`, given, entrypointOptionChecks)
  const { concurrencyLimit, serializedDispatch, requestsPerSecond } = given
  if (serializedDispatch === true && concurrencyLimit !== undefined && concurrencyLimit !== 1) {
    throw new PgQueuerError(
      "PGQ_OPTION_INVALID",
      `the entrypoint ${show(name)} has serializedDispatch and a concurrencyLimit of ${concurrencyLimit}`,
      { remedy: "Leave one of them out: serializedDispatch is a concurrencyLimit of 1." },
    )
  }
  return {
    concurrencyLimit: serializedDispatch === true ? 1 : (concurrencyLimit ?? null),
    requestsPerSecond: requestsPerSecond ?? null,
    retry: given.retry === undefined ? null : resolveRetryPolicy(`retry of the entrypoint ${show(name)}`, given.retry),
    onFailure: given.onFailure ?? "exception",
    timeoutMs: given.timeout === undefined ? null : toTimeoutMs(given.timeout),
    executor: given.executor ?? null,
    retention: resolveOwnRetention(given.retention),
  }
}
