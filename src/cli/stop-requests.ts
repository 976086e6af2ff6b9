import { inspect } from "node:util"
import { redact } from "../domain/redact.js"

/** A second signal ends the process within a second, whatever still hangs. */
const lastMomentMs = 900

/** After an uncaught exception the worker has so long to put its jobs back. */
const putBackMs = 8_000

/** What asks a worker to stop, and how: signals gracefully, a second one at once, an uncaught exception at once and with exit code 1. */
export class StopRequests implements Disposable {
  /** The first of them has come. */
  readonly signal: AbortSignal
  readonly #gracefully = new AbortController()
  readonly #note: (line: string) => void
  #stopNow: (() => void) | undefined
  #putBack = false
  #urgent = false
  #failed = false

  constructor(note: (line: string) => void) {
    this.#note = note
    this.signal = this.#gracefully.signal
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, this.#onSignal)
    for (const name of ["uncaughtException", "unhandledRejection"] as const) process.on(name, this.#onCrash)
  }

  /** Whether an uncaught exception was the reason. */
  get failed(): boolean {
    return this.#failed
  }

  /** Whether nothing may be waited for any more. */
  get urgent(): boolean {
    return this.#urgent
  }

  /** The worker has stopped: what may still hang is not its jobs. */
  allPutBack(): void {
    this.#putBack = true
  }

  /** What to do when it has to be quick. */
  whenUrgent(stopNow: () => void): void {
    this.#stopNow = stopNow
    if (this.#urgent) stopNow()
  }

  [Symbol.dispose](): void {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, this.#onSignal)
    for (const name of ["uncaughtException", "unhandledRejection"] as const) process.off(name, this.#onCrash)
  }

  readonly #onSignal = (name: NodeJS.Signals) => {
    if (this.signal.aborted) {
      this.#note(`pgq: ${name} again: stopping at once, what runs is put back`)
      return this.#hurry(lastMomentMs)
    }
    this.#note(`pgq: ${name}: no new jobs, waiting for those that run; send it again to stop at once`)
    this.#gracefully.abort()
  }

  readonly #onCrash = (reason: unknown) => {
    this.#failed = true
    this.#note(redact(`pgq: uncaught: ${inspect(reason)}`))
    this.#note("pgq: the process is in an unknown state: stopping, what runs is put back")
    this.#gracefully.abort()
    this.#hurry(putBackMs)
  }

  #hurry(limitMs: number): void {
    this.#urgent = true
    setTimeout(() => process.exit(this.#putBack && !this.#failed ? 0 : 1), limitMs).unref()
    this.#stopNow?.()
  }
}
