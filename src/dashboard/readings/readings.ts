import type { Clock } from "../../ports/clock.js"

/** A reading is repeated at the earliest after so many times as long as it took: all viewers together cost 2 % of a core at most, each. */
const pauseFactor = 50
const leastPauseMs = 1_000

interface Reading {
  readonly answer: Promise<unknown>
  /** Until when it is given to others; endless while it is under way. */
  freshUntil: number
}

/** Reads once for all who ask the same within a short time. */
export class Readings {
  readonly #clock: Clock
  readonly #known = new Map<string, Reading>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What `read` answers, or what it has answered a moment ago under the same name. A failure is not kept. */
  share<T>(name: string, read: () => Promise<T>): Promise<T> {
    const now = this.#clock.monotonic()
    const known = this.#known.get(name)
    if (known !== undefined && known.freshUntil > now) return known.answer as Promise<T>
    this.#forgetStale(now)
    const answer = read()
    const reading: Reading = { answer, freshUntil: Number.POSITIVE_INFINITY }
    this.#known.set(name, reading)
    const settle = (pauseMs: number) => {
      reading.freshUntil = this.#clock.monotonic() + pauseMs
    }
    answer.then(
      () => settle(Math.max(leastPauseMs, (this.#clock.monotonic() - now) * pauseFactor)),
      () => settle(0),
    )
    return answer
  }

  /** What was read before is not given to anybody any more: something was done. */
  forget(): void {
    this.#known.clear()
  }

  #forgetStale(now: number): void {
    for (const [name, { freshUntil }] of this.#known) if (freshUntil <= now) this.#known.delete(name)
  }
}
