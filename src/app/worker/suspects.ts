import type { ClaimedJob } from "../../ports/worker-store.js"
import type { ClaimRegister } from "./claim-register.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"
import type { Gates } from "./gates.js"

export interface SuspectsParts {
  readonly duties: DutyEnvironment
  readonly connection: Connection
  readonly entrypoints: readonly string[]
  readonly register: ClaimRegister
  readonly gates: Gates
  workerId(): string
  hasRoom(): boolean
  onJob(claim: ClaimedJob): void
  /** None is left. */
  onSettled(): void
}

/**
 * Runs jobs that were taken from a dead worker, one at a time: one of them may have killed it, and if it does so again,
 * nobody else is to blame.
 */
export class Suspects {
  readonly #parts: SuspectsParts
  readonly #duty: Duty
  #running: string | undefined
  #expected = false
  #certain = false
  #looking = false

  constructor(parts: SuspectsParts) {
    this.#parts = parts
    this.#duty = new Duty("suspects", parts.duties, () => this.#claim())
  }

  start(): void {
    this.#duty.start()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  /** Whether none is known to wait, and none runs here. */
  get settled(): boolean {
    return !this.#expected && !this.#looking && this.#running === undefined
  }

  /** There may be some; `certain` when there are, be it of entrypoints of others. */
  expect(certain = false): void {
    this.#expected = true
    this.#certain ||= certain
    this.#duty.poke()
  }

  /** A job of this worker has ended. */
  ended(token: string): void {
    if (token === this.#running) this.#running = undefined
    if (this.#expected && this.#running === undefined) this.#duty.poke()
  }

  lose(): void {
    this.#running = undefined
  }

  async #claim(): Promise<number> {
    if (!this.#expected || this.#running !== undefined || !this.#parts.hasRoom()) return Number.POSITIVE_INFINITY
    const workerId = this.#parts.workerId()
    if (workerId === "") return Number.POSITIVE_INFINITY
    const certain = this.#certain
    this.#expected = false
    this.#certain = false
    this.#looking = true
    try {
      const claim = await this.#parts.gates.single(this.#parts.entrypoints, certain, (open, leases) =>
        this.#parts.connection.use((store) => store.claimSuspect(workerId, open, leases)),
      )
      this.#looking = false
      if (claim === undefined) this.#parts.onSettled()
      if (claim === undefined || workerId !== this.#parts.workerId()) return Number.POSITIVE_INFINITY
      this.#expected = true
      // Those that were taken from one worker come together.
      this.#certain = true
      this.#running = claim.token
      this.#parts.register.add(claim.token)
      this.#parts.onJob(claim)
    } catch (error) {
      this.#expected = true
      this.#certain = certain
      this.#looking = false
      throw error
    }
    return Number.POSITIVE_INFINITY
  }
}
