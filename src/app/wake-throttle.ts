import type { Clock, Timer } from "../ports/clock.js"
import type { WakeUp } from "../ports/job-store.js"

/** A notifying commit takes a database-wide lock in PostgreSQL, so a client notifies at most once in so many milliseconds. */
export const notifyWindowMs = 5

/** Lets the first wake-up of a window through and sends one more, for all the others together, at its end. */
export class WakeThrottle {
  readonly #clock: Clock
  readonly #send: (wakeUp: WakeUp) => Promise<void>
  readonly #onError: (error: unknown) => void
  #openUntil = Number.NEGATIVE_INFINITY
  #withheld: WakeUp | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, send: (wakeUp: WakeUp) => Promise<void>, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#send = send
    this.#onError = onError
  }

  /** Whether the statement about to be sent may notify by itself; if not, its wake-up goes to `withhold` once it is committed. */
  admit(): boolean {
    const now = this.#clock.monotonic()
    if (now < this.#openUntil) return false
    this.#openUntil = now + notifyWindowMs
    return true
  }

  withhold(wakeUp: WakeUp): void {
    this.#withheld = this.#withheld === undefined ? wakeUp : mergeWakeUps(this.#withheld, wakeUp)
    this.#timer ??= this.#clock.after(Math.max(0, this.#openUntil - this.#clock.monotonic()), () => this.#flush())
  }

  #flush(): void {
    const wakeUp = this.#withheld
    this.#timer = undefined
    this.#withheld = undefined
    if (wakeUp === undefined) return
    this.#openUntil = this.#clock.monotonic() + notifyWindowMs
    this.#send(wakeUp).catch(this.#onError)
  }
}

/** One wake-up that says what both say. */
export function mergeWakeUps(a: WakeUp, b: WakeUp): WakeUp {
  if (a.entrypoints === undefined || b.entrypoints === undefined) return {}
  const entrypoints = [...new Set([...a.entrypoints, ...b.entrypoints])]
  if (entrypoints.length > 16) return {}
  return { entrypoints, seq: lower(a.seq, b.seq), due: earlier(a.due, b.due) }
}

function lower(a: string | null | undefined, b: string | null | undefined): string | null {
  if (a == null || b == null) return a ?? b ?? null
  return Number(a) <= Number(b) ? a : b
}

function earlier(a: number | null | undefined, b: number | null | undefined): number | null {
  if (a == null || b == null) return a ?? b ?? null
  return Math.min(a, b)
}
