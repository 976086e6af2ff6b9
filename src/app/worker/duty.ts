import { type Backoff, backoffMs } from "../../domain/backoff.js"
import type { Clock, Random, Timer } from "../../ports/clock.js"

/** `setTimeout` fires at once for pauses of more than 2^31 - 1 ms; an hour is far enough to look again. */
const longestPauseMs = 3_600_000

const betweenFailures: Backoff = { initialDelayMs: 100, multiplier: 2, maxDelayMs: 5_000 }

export interface DutyOptions {
  /** The longest pause after failures, in milliseconds; default 5,000. */
  readonly maxBackoffMs?: number
}

export interface DutyEnvironment {
  readonly clock: Clock
  readonly random: Random
  /** The one place that hears of every background failure, and of when it is tried again. */
  onFailure(duty: string, error: unknown, retryInMs: number | undefined): void
}

/**
 * Something that a worker does again and again in the background. The work answers with the milliseconds until it wants to be
 * called again (Infinity: when poked). When it fails, that is reported, and it is retried with backoff and jitter.
 */
export class Duty {
  readonly name: string
  readonly #environment: DutyEnvironment
  readonly #work: () => Promise<number>
  readonly #backoff: Backoff
  #stopped = true
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  #poked = false
  #failures = 0

  constructor(name: string, environment: DutyEnvironment, work: () => Promise<number>, options: DutyOptions = {}) {
    this.name = name
    this.#backoff = { ...betweenFailures, maxDelayMs: options.maxBackoffMs ?? betweenFailures.maxDelayMs }
    this.#environment = environment
    this.#work = work
  }

  start(): void {
    this.#stopped = false
    this.poke()
  }

  /** Does the work now, or once more when it is being done; while it recovers from a failure, that takes its time. */
  poke(): void {
    if (this.#stopped || (this.#failures > 0 && this.#running === undefined)) return
    if (this.#running === undefined) this.#begin()
    else this.#poked = true
  }

  /** Makes sure that the work is done within so many milliseconds. */
  pokeIn(milliseconds: number): Timer {
    return this.#environment.clock.after(Math.min(Math.max(0, milliseconds), longestPauseMs), () => this.poke())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #begin(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    this.#poked = false
    let pauseMs: number
    try {
      pauseMs = await this.#work()
      this.#failures = 0
    } catch (error) {
      this.#failures++
      pauseMs = backoffMs(this.#backoff, this.#failures, this.#environment.random())
      if (!this.#stopped) this.#environment.onFailure(this.name, error, pauseMs)
    }
    this.#running = undefined
    if (!this.#stopped) this.#goOn(pauseMs)
  }

  #goOn(pauseMs: number): void {
    if (this.#poked && this.#failures === 0) {
      this.#begin()
    } else if (pauseMs < Number.POSITIVE_INFINITY) {
      this.#timer = this.#environment.clock.after(Math.min(Math.ceil(pauseMs), longestPauseMs), () => this.#begin())
    }
  }
}
