/** So much work, in time, may wait in a worker's own line: enough to bridge a round trip, too little to keep others waiting. */
export const aheadMs = 75

/** An entrypoint that did not run for this long says nothing about what comes next. */
const recentMs = 10_000

export interface PrefetchLimits {
  /** How many jobs run at once, at most. */
  readonly tasks: number
  readonly most: number
  /** How many of these have been running for longer than `aheadMs`: while they are few, the others pass them by. */
  readonly longRuns: number
  /** Whether a limit keeps the jobs of an entrypoint from filling the worker, however long they take. */
  isBounded(entrypoint: string): boolean
}

/**
 * How many jobs a worker should hold beyond those that it can run at once, from how long its handlers take and how many jobs a
 * second it really finishes: none for long jobs, a whole batch for those that take no time.
 */
export class Prefetch {
  readonly #runTimes = new Map<string, { meanMs: number; at: number }>()
  #perMs = 0
  #since: number | undefined
  #finished = 0

  record(entrypoint: string, runMs: number, now: number): void {
    const known = this.#runTimes.get(entrypoint)
    if (known === undefined) this.#runTimes.set(entrypoint, { meanMs: runMs, at: now })
    else {
      known.meanMs += (runMs - known.meanMs) * 0.2
      known.at = now
    }
    this.#finished++
    this.#measure(runMs, now)
  }

  size(now: number, { tasks, most, longRuns, isBounded }: PrefetchLimits): number {
    if (longRuns * 2 >= tasks) return 0
    let slowestMs = 0
    let known = false
    for (const [entrypoint, { meanMs, at }] of this.#runTimes) {
      if (now - at > recentMs || isBounded(entrypoint)) continue
      known = true
      slowestMs = Math.max(slowestMs, meanMs)
    }
    if (!known || slowestMs >= aheadMs) return 0
    const byRunTime = ((tasks - longRuns) * aheadMs) / Math.max(slowestMs, 0.001)
    return Math.floor(Math.min(most, byRunTime, this.#perMs * aheadMs))
  }

  #measure(runMs: number, now: number): void {
    this.#since ??= now - Math.max(runMs, 1)
    const elapsed = now - this.#since
    if (elapsed < 5 && this.#finished < 50) return
    const rate = this.#finished / Math.max(elapsed, 1)
    this.#perMs = elapsed > 1_000 ? rate : this.#perMs + (rate - this.#perMs) * 0.5
    this.#since = now
    this.#finished = 0
  }
}
