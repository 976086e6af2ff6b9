import type { Clock, Timer } from "../../ports/clock.js"
import type { ClaimedJob } from "../../ports/worker-store.js"
import type { Gate } from "./gate.js"

export interface DueStartsParts {
  readonly clock: Clock
  /** A start is due. */
  onDue(): void
  /** Jobs wait at a gate that has no start times left. */
  onShort(): void
}

/** Takes jobs from the lines of gates when their starts are due, and says when the next one is. */
export class DueStarts {
  readonly #parts: DueStartsParts
  #timer: Timer | undefined

  constructor(parts: DueStartsParts) {
    this.#parts = parts
  }

  /** The next job whose start is due, unless one of `rank` comes before it. */
  take(gates: Iterable<Gate>, rank: number | undefined): ClaimedJob | undefined {
    const now = this.#parts.clock.monotonic()
    let best: Gate | undefined
    let soonest = Number.POSITIVE_INFINITY
    for (const gate of gates) {
      const head = gate.line.head
      if (head === undefined) continue
      const { requestsPerSecond } = gate.rule
      const due = requestsPerSecond === null ? now : gate.starts.next(now, requestsPerSecond)
      if (due === undefined) this.#parts.onShort()
      else if (due > now) soonest = Math.min(soonest, due)
      else if ((rank === undefined || head.rank <= rank) && (best === undefined || isBefore(head, best.line.head!)))
        best = gate
    }
    if (best === undefined) {
      this.#wakeAt(soonest, now)
      return undefined
    }
    best.starts.take()
    return best.line.shift()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #wakeAt(due: number, now: number): void {
    this.stop()
    if (due < Number.POSITIVE_INFINITY) {
      this.#timer = this.#parts.clock.after(due - now, () => this.#parts.onDue())
    }
  }
}

function isBefore(a: ClaimedJob, b: ClaimedJob): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.seq < b.seq)
}
