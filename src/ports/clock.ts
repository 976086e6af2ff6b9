/** Time as a process measures it. What is due, stale or limited is decided by the database's clock, not by this one. */
export interface Clock {
  /** Milliseconds that never go backwards, with fractions, from an arbitrary start. */
  monotonic(): number
  /** Resolves when all that can go on without waiting has gone on. */
  turn(): Promise<void>
  /** Calls back once after so many milliseconds, at most 2^31 - 1 (beyond that `setTimeout` fires at once). */
  after(milliseconds: number, callback: () => void): Timer
}

export interface Timer {
  cancel(): void
}

/** A number from 0 (included) to 1 (not). */
export type Random = () => number
