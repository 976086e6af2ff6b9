import { backoffMs } from "../../domain/backoff.js"
import { PgQueuerError } from "../../domain/errors.js"
import type { Clock, Random } from "../../ports/clock.js"

/** A statement that has not been answered by then is given up: the network swallowed it, or the database is out of breath. */
const answerWithinMs = 15_000

/** As long as a timer can be. */
const never = 2_147_483_647

const backoff = { initialDelayMs: 1_000, multiplier: 2, maxDelayMs: 30_000 }

interface ReadingsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly intervalMs: number
  /** Then nothing is read by itself. */
  readonly isPaused: () => boolean
  readonly read: () => Promise<void>
  /** @param againInMs - until the next try */
  readonly onFailure: (error: unknown, againInMs: number) => void
  /** Breaks off what is unanswered. */
  readonly breakOff: () => void
}

/** Reads again and again until it is stopped: after each interval, sooner when asked, after a failure with backoff. */
export class Readings {
  readonly #options: ReadingsOptions
  readonly #stop = new AbortController()
  #wake: (() => void) | undefined
  #wanted = false

  constructor(options: ReadingsOptions) {
    this.#options = options
  }

  /** One reading, which may fail. */
  once(): Promise<void> {
    this.#wanted = false
    return answered(this.#options.clock, this.#options.read(), this.#options.breakOff)
  }

  /** Reads again after each interval; resolves once it has been stopped. */
  async run(): Promise<void> {
    let pauseMs = this.#options.intervalMs
    for (let failures = 0; ; ) {
      await this.#pause(pauseMs)
      if (this.#stop.signal.aborted) return
      if (this.#options.isPaused() && !this.#wanted) {
        pauseMs = never
        continue
      }
      try {
        await this.once()
        failures = 0
        pauseMs = this.#options.intervalMs
      } catch (error) {
        if (this.#stop.signal.aborted) return
        pauseMs = backoffMs(backoff, ++failures, this.#options.random())
        this.#options.onFailure(error, pauseMs)
      }
    }
  }

  /** Reads as soon as the reading under way has ended. */
  soon(): void {
    this.#wanted = true
    this.#wake?.()
  }

  stop(): void {
    this.#stop.abort()
    this.#wake?.()
    this.#options.breakOff()
  }

  #pause(milliseconds: number): Promise<void> {
    if (this.#wanted || this.#stop.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(milliseconds, resolve)
      this.#wake = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}

/**
 * What was asked for, in time.
 *
 * @throws PgQueuerError `PGQ_TIMEOUT` after 15 seconds, when what waits is broken off
 */
export function answered<T>(clock: Clock, answer: Promise<T>, breakOff: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(answerWithinMs, () => {
      reject(
        new PgQueuerError("PGQ_TIMEOUT", `the database did not answer within ${answerWithinMs / 1_000} seconds`, {
          remedy: "Look at its load and at the network.",
        }),
      )
      breakOff()
    })
    answer.then(resolve, reject).finally(() => timer.cancel())
  })
}
