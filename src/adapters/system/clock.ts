import type { Clock } from "../../ports/clock.js"

/** The clock of this process. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  after(milliseconds, callback) {
    const timeout = setTimeout(callback, milliseconds)
    return { cancel: () => clearTimeout(timeout) }
  },
}

/** Milliseconds since 1970, as this host takes it. */
export function wallTime(): number {
  return Date.now()
}
