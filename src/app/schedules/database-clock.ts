import type { Clock } from "../../ports/clock.js"

/** Two clocks drift apart by less than that: 100 ms in a thousand seconds. */
const driftPerMs = 1e-4

/** The database's time, as known from the statements that told it. An answer's time lies between its question and its arrival. */
export class DatabaseClock {
  readonly #clock: Clock
  #offset = 0
  #error = Number.POSITIVE_INFINITY
  #measuredAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds since 1970; `known` first. */
  now(): number {
    return this.#clock.monotonic() + this.#offset
  }

  get known(): boolean {
    return this.#error < Number.POSITIVE_INFINITY
  }

  /** @param askedAt - when the statement was sent, by the clock of this process */
  hear(databaseNow: number, askedAt: number): void {
    const heardAt = this.#clock.monotonic()
    const error = (heardAt - askedAt) / 2
    const offset = databaseNow - (askedAt + heardAt) / 2
    const errorByNow = this.#error + (heardAt - this.#measuredAt) * driftPerMs
    const contradicts = Math.abs(offset - this.#offset) > error + errorByNow
    if (error > errorByNow && !contradicts) return
    this.#offset = offset
    this.#error = error
    this.#measuredAt = heardAt
  }
}
