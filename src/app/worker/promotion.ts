import type { Clock } from "../../ports/clock.js"
import type { WakeUp } from "../../ports/job-store.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"

const batchSize = 1_000

/** Two readings of the same time over a network differ by that much. */
const clockToleranceMs = 20

export interface PromotionParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly connection: Connection
  onPromoted(wakeUp: WakeUp): void
}

/** Moves deferred jobs into line when they are due, on a timer for the earliest of them. */
export class Promotion {
  readonly #parts: PromotionParts
  readonly #duty: Duty
  /** By the database's clock, ms since 1970. */
  #nextDue = Number.POSITIVE_INFINITY
  /** By the clock of this process. */
  #nextAt = Number.POSITIVE_INFINITY

  constructor(parts: PromotionParts) {
    this.#parts = parts
    this.#duty = new Duty("promote", parts.duties, () => this.#promote())
  }

  start(): void {
    this.#duty.start()
  }

  async stop(): Promise<void> {
    await this.#duty.stop()
  }

  poke(): void {
    this.#duty.poke()
  }

  /** A job was deferred until then; only an earlier one than the timer's needs another look. */
  expect(due: number): void {
    if (due < this.#nextDue) this.#duty.poke()
  }

  /** The same as a heartbeat tells it, which hears of jobs whose notification was lost. */
  expectIn(milliseconds: number): void {
    if (this.#parts.clock.monotonic() + milliseconds < this.#nextAt - clockToleranceMs) this.#duty.poke()
  }

  async #promote(): Promise<number> {
    for (;;) {
      const { promoted, wakeUp, nextDue, nextInMs } = await this.#parts.connection.use((store) =>
        store.promoteDue(batchSize),
      )
      if (promoted > 0) this.#parts.onPromoted(wakeUp)
      if (promoted === batchSize) continue
      this.#nextDue = nextDue ?? Number.POSITIVE_INFINITY
      const pauseMs = nextInMs === null ? Number.POSITIVE_INFINITY : Math.max(0, nextInMs)
      this.#nextAt = this.#parts.clock.monotonic() + pauseMs
      return pauseMs
    }
  }
}
