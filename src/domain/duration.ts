import { PgQueuerError } from "./errors.js"

/** A number is milliseconds; a string is a number with one of the units `ms`, `s`, `m`, `h`, `d`: `"500ms"`, `"1.5h"`. */
export type Duration = number | `${number}${Unit}`

type Unit = "ms" | "s" | "m" | "h" | "d"

const unitMs: { readonly [U in Unit]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const pattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** A hundred years: longer waits are a mistake in a unit. */
export const longestMs = 100 * 365 * unitMs.d

/**
 * A duration as milliseconds.
 *
 * @param option - the name that an error should give
 * @returns milliseconds, 0 to a hundred years, fractions kept
 * @throws PgQueuerError `PGQ_OPTION_INVALID` for another unit, a negative or endless number, or another type
 */
export function toMilliseconds(duration: unknown, option: string): number {
  const milliseconds = typeof duration === "string" ? parse(duration) : duration
  if (typeof milliseconds === "number" && milliseconds > longestMs) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `${option} is longer than a hundred years: ${describe(duration)}`, {
      remedy: "Give a shorter duration; numbers are milliseconds.",
    })
  }
  if (typeof milliseconds !== "number" || !(milliseconds >= 0)) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `${option} is not a duration: ${describe(duration)}`, {
      remedy: 'Give milliseconds as a number from 0, or a string such as "500ms", "30s", "5m", "2h", "7d".',
    })
  }
  return milliseconds
}

/**
 * How long a run may take, as milliseconds.
 *
 * @returns milliseconds from 1 to 2^31 - 1: beyond that a timer would fire at once
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function toTimeoutMs(duration: unknown): number {
  const milliseconds = toMilliseconds(duration, "timeout")
  if (milliseconds >= 1 && milliseconds <= 2_147_483_647) return milliseconds
  throw new PgQueuerError("PGQ_OPTION_INVALID", `timeout is ${milliseconds} ms`, {
    remedy: "Give a duration from 1 ms to 24 days, or leave it out.",
  })
}

/** Whether a string has the form of a duration, as opposed to a time. */
export function looksLikeDuration(text: string): text is `${number}${Unit}` {
  return pattern.test(text)
}

function parse(text: string): number | undefined {
  const match = pattern.exec(text)
  return match === null ? undefined : Number(match[1]) * unitMs[match[2] as Unit]
}

function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value)
}
