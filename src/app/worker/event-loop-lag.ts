import type { Clock, Timer } from "../../ports/clock.js"

const intervalMs = 500
/** A minute. */
const kept = 120

/** How late timers come: how long the event loop was held up by handlers that compute. */
export class EventLoopLag {
  readonly #clock: Clock
  #timer: Timer | undefined
  #dueAt = 0
  #lags: number[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(): void {
    this.#dueAt = this.#clock.monotonic() + intervalMs
    this.#timer = this.#clock.after(intervalMs, () => this.#measure())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** Of the last measurement, in milliseconds; more when the next one is late already. */
  get lastMs(): number {
    return Math.max(this.#lags.at(-1) ?? 0, this.#clock.monotonic() - this.#dueAt)
  }

  /** The longest of the last minute. */
  get worstMs(): number {
    return Math.max(this.lastMs, ...this.#lags)
  }

  #measure(): void {
    this.#lags.push(Math.max(0, this.#clock.monotonic() - this.#dueAt))
    if (this.#lags.length > kept) this.#lags.shift()
    this.start()
  }
}
