import type { Clock, Timer } from "../../src/ports/clock.js"

/** A clock that stands still until a test turns it. */
export class FakeClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  monotonic(): number {
    return this.#now
  }

  after(milliseconds: number, callback: () => void): Timer {
    const timer = { at: this.#now + milliseconds, callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  turn(): Promise<void> {
    return settle()
  }

  /** Lets so much time pass in which no timer gets to fire, as while something computes. */
  skip(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** How far away the timers are that are set, the nearest first. */
  get pauses(): number[] {
    return [...this.#timers].map((timer) => timer.at - this.#now).sort((a, b) => a - b)
  }

  /** Lets so much time pass: timers fire in their order, and what they start gets to run. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settle()
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > end) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
      await settle()
    }
    this.#now = end
  }
}

/** Lets all that is ready to run, run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
