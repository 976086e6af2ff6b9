import { type Duration, toMilliseconds } from "./duration.js"
import { PgQueuerError } from "./errors.js"
import { anyValue, checkOptions, show, wholeNumber } from "./options.js"

/** When and how often a job is run again after an attempt that failed. */
export interface RetryPolicy {
  /** Runs at most so many times, the first one counted; 1 to 1,000,000, default 5: about 15 s of trouble are sat out. */
  readonly maxAttempts?: number
  /** The pause before the second attempt; default 1 s. */
  readonly initialDelay?: Duration
  /** Each pause is so many times the one before; 1 to 1,000, default 2. */
  readonly multiplier?: number
  /** No pause is longer, before jitter; default 1 h, or the initial delay where that is longer. */
  readonly maxDelay?: Duration
  /** A random share of at most so much is added to each pause, so that jobs that failed together don't come back together; 0 to 1, default 0.2. */
  readonly jitter?: number
}

/** The same, checked, in milliseconds. */
export interface ResolvedRetryPolicy {
  readonly maxAttempts: number
  readonly initialDelayMs: number
  readonly multiplier: number
  readonly maxDelayMs: number
  readonly jitter: number
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID` */
export function resolveRetryPolicy(
  where: string,
  given: RetryPolicy = {},
  defaults: { readonly initialDelay: number; readonly maxDelay: number } = { initialDelay: 1_000, maxDelay: 3_600_000 },
): ResolvedRetryPolicy {
  checkOptions(where, given, checks)
  const initialDelayMs = toMilliseconds(given.initialDelay ?? defaults.initialDelay, "initialDelay")
  const maxDelayMs = toMilliseconds(given.maxDelay ?? Math.max(defaults.maxDelay, initialDelayMs), "maxDelay")
  if (maxDelayMs < initialDelayMs) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `${where}: maxDelay is shorter than initialDelay`, {
      remedy: "Give a maxDelay that is as long at least.",
    })
  }
  return {
    maxAttempts: given.maxAttempts ?? 5,
    initialDelayMs,
    multiplier: given.multiplier ?? 2,
    maxDelayMs,
    jitter: given.jitter ?? 0.2,
  }
}

/**
 * The pause before the next attempt: `initialDelay * multiplier^(attempt - 1)`, capped at `maxDelay`, and a random share of it of at
 * most `jitter` more.
 *
 * @param attempt - attempts already made, from 1
 * @param random - from 0 to 1
 * @returns milliseconds
 */
export function retryDelayMs(policy: ResolvedRetryPolicy, attempt: number, random: number): number {
  if (policy.initialDelayMs === 0) return 0
  const pause = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.multiplier ** (attempt - 1))
  return pause * (1 + policy.jitter * random)
}

const checks = {
  maxAttempts: wholeNumber(1, 1_000_000),
  initialDelay: anyValue,
  multiplier: numberWithin(1, 1_000),
  maxDelay: anyValue,
  jitter: numberWithin(0, 1),
}

function numberWithin(least: number, most: number) {
  return (value: unknown) =>
    typeof value === "number" && value >= least && value <= most
      ? undefined
      : `must be a number from ${least} to ${most}, not ${show(value)}`
}
