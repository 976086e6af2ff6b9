import { PgQueuerError } from "./errors.js"

export interface Backoff {
  readonly initialDelayMs: number
  readonly multiplier: number
  readonly maxDelayMs: number
}

/**
 * The pause before the next try: `initialDelay * multiplier^(failures - 1)`, capped at `maxDelay`, of which a random half is
 * taken away, so that those who failed together don't come back together.
 *
 * @param failures - tries that failed so far, from 1
 * @param random - from 0 to 1
 * @returns milliseconds, between half of the pause and all of it
 * @throws PgQueuerError `PGQ_OPTION_INVALID` when `failures` is below 1
 */
export function backoffMs(
  { initialDelayMs, multiplier, maxDelayMs }: Backoff,
  failures: number,
  random: number,
): number {
  if (failures < 1) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `failures must be 1 or more, not ${failures}`, {
      remedy: "Count failures from 1.",
    })
  }
  const pause = Math.min(maxDelayMs, initialDelayMs * multiplier ** (failures - 1))
  return pause * (1 - random / 2)
}
