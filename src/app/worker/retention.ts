import type { WorkerRetention as Ages } from "../../domain/retention.js"
import type { Clock } from "../../ports/clock.js"
import type { RetentionStore } from "../../ports/retention-store.js"
import { Duty, type DutyEnvironment } from "./duty.js"

/** Between two passes; with its tenth of jitter and the length of a turn, what is old enough goes within a minute. */
const pauseMs = 45_000

/** Until then no other worker begins a pass. */
const turnMs = 35_000

/** A pass through a long history is work for the server: it may take a tenth of the time, no more. */
const shareOfTime = 10

/** Steps short enough that nobody waits for one of them. */
const step = { readAtMost: 20_000, removeAtMost: 5_000 }

export interface RetentionParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly store: RetentionStore
  readonly ages: Ages
}

/** Removes the jobs that ended long enough ago. One of the workers at a time does it for all, on the driver's connections. */
export class Retention {
  readonly #parts: RetentionParts
  readonly #duty: Duty
  /** The id of a job, after the last one the runs of schedules, and after these the audit. */
  #position: string | "runs" | "audit" | undefined
  #beganAt = 0
  #turnAt = 0
  #begun = false

  constructor(parts: RetentionParts) {
    this.#parts = parts
    this.#duty = new Duty("retention", parts.duties, () => this.#work())
  }

  start(): void {
    this.#duty.start()
  }

  async stop(): Promise<void> {
    await this.#duty.stop()
  }

  /** Answers with a pause as long as the step took, so that the server has time for others in between. */
  async #work(): Promise<number> {
    const { clock, duties, store, ages } = this.#parts
    if (!this.#begun) {
      // Workers that were started together don't come together.
      this.#begun = true
      return duties.random() * pauseMs
    }
    if (this.#position === undefined && !(await this.#begin())) return this.#pauseMs()
    const since = clock.monotonic()
    if (since - this.#turnAt > turnMs / 2) await this.#takeTurn(turnMs, true)
    if (this.#position === "runs") {
      const removed = await store.pruneRuns(ages, step.removeAtMost)
      if (removed < step.removeAtMost) this.#position = "audit"
      return clock.monotonic() - since
    }
    if (this.#position === "audit") {
      const removed = ages.audit === null ? 0 : await store.pruneAudit(ages.audit, step.removeAtMost)
      return removed < step.removeAtMost ? this.#end() : clock.monotonic() - since
    }
    const { next } = await store.prune({
      ...step,
      after: this.#position ?? "0",
      ages,
      ownAges: true,
      entrypoints: null,
      dryRun: false,
    })
    this.#position = next ?? "runs"
    return clock.monotonic() - since
  }

  async #begin(): Promise<boolean> {
    if (!(await this.#takeTurn(turnMs, false))) return false
    this.#beganAt = this.#turnAt
    this.#position = "0"
    return true
  }

  async #end(): Promise<number> {
    this.#position = undefined
    const restMs = (this.#parts.clock.monotonic() - this.#beganAt) * shareOfTime
    if (restMs > turnMs) await this.#takeTurn(restMs, true)
    return Math.max(this.#pauseMs(), restMs)
  }

  async #takeTurn(milliseconds: number, keep: boolean): Promise<boolean> {
    const taken = await this.#parts.store.takeTurn(milliseconds, keep)
    this.#turnAt = this.#parts.clock.monotonic()
    return taken
  }

  #pauseMs(): number {
    return pauseMs * (0.9 + this.#parts.duties.random() * 0.2)
  }
}
