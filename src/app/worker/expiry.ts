import type { Clock } from "../../ports/clock.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"

const batchSize = 1_000

/** Two readings of the same time over a network differ by that much. */
const clockToleranceMs = 20

export interface ExpiryParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly connection: Connection
  readonly log: Logger
}

/** Ends jobs that should have started by now and still wait, whoever could run them, on a timer for the earliest of them. */
export class Expiry {
  readonly #parts: ExpiryParts
  readonly #duty: Duty
  /** By the clock of this process. */
  #nextAt = Number.POSITIVE_INFINITY

  constructor(parts: ExpiryParts) {
    this.#parts = parts
    this.#duty = new Duty("expire", parts.duties, () => this.#expire())
  }

  start(): void {
    this.#duty.start()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  /** Each heartbeat tells when the next job expires; only an earlier time than the timer's needs another look. */
  expectIn(milliseconds: number): void {
    if (this.#parts.clock.monotonic() + milliseconds < this.#nextAt - clockToleranceMs) this.#duty.poke()
  }

  async #expire(): Promise<number> {
    for (;;) {
      const { due, ended, nextInMs } = await this.#parts.connection.use((store) => store.expireDue(batchSize))
      if (ended > 0) {
        logEvent(this.#parts.log, "jobs.expired", "jobs expired before they could start", {
          duty: "expire",
          jobs: ended,
        })
      }
      if (due === batchSize) continue
      const pauseMs = nextInMs === null ? Number.POSITIVE_INFINITY : Math.max(0, nextInMs)
      this.#nextAt = this.#parts.clock.monotonic() + pauseMs
      return pauseMs
    }
  }
}
