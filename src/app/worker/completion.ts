import { hasCode } from "../../domain/errors.js"
import { encodeResult } from "../../domain/payload.js"
import type { Clock } from "../../ports/clock.js"
import type { ClaimedJob, CompletionReply, WorkerStore } from "../../ports/worker-store.js"
import { waitOf } from "./claimed-job.js"
import { endedBefore, leaseLost } from "./completion-errors.js"

/** A mark or a move that comes in between is seen by the next look. */
const mostLooks = 3

export interface CompletionParts {
  readonly clock: Clock
  readonly claim: ClaimedJob
  readonly workerId: string
  /** By the clock of this process. */
  readonly startedAt: number
  readonly maxResultBytes: number
  /** A store within the handler's transaction. */
  storeIn(transaction: unknown): Pick<WorkerStore, "completeJob">
  /** Stops the run; answers with what to throw. */
  cancel(): Error
}

/** How one run ends its job within transactions of its handler's own; only the last of them can be committed. */
export class Completion {
  readonly #parts: CompletionParts
  #call: Promise<void> | undefined
  /** The transaction of the call that got through; null when its reply was lost. */
  #transaction: string | null | undefined

  constructor(parts: CompletionParts) {
    this.#parts = parts
  }

  /** Whether the job's end may be written in a transaction, or may yet be. */
  get begun(): boolean {
    return this.#call !== undefined || this.#transaction !== undefined
  }

  async complete(transaction: unknown, result: unknown): Promise<void> {
    if (this.#call !== undefined) throw endedBefore()
    const json = encodeResult(result, this.#parts.maxResultBytes) ?? null
    const store = this.#parts.storeIn(transaction)
    this.#call = this.#write(store, json)
    try {
      await this.#call
    } finally {
      this.#call = undefined
    }
  }

  /** The transaction that decides, once no call is under way; undefined when none got through. */
  async decidedBy(): Promise<string | null | undefined> {
    await this.#call?.catch(() => {})
    return this.#transaction
  }

  async #write(store: Pick<WorkerStore, "completeJob">, result: string | null): Promise<void> {
    for (let look = 1; ; look++) {
      const reply = await this.#ask(store, result)
      if (reply.done) {
        this.#transaction = reply.transaction
        return
      }
      if (!reply.held) throw leaseLost()
      if (reply.completed) throw endedBefore()
      if (reply.canceled) throw this.#parts.cancel()
      if (look === mostLooks) throw leaseLost()
    }
  }

  async #ask(store: Pick<WorkerStore, "completeJob">, result: string | null): Promise<CompletionReply> {
    const { workerId, claim, clock, startedAt } = this.#parts
    const { token, id } = claim
    const runMs = clock.monotonic() - startedAt
    try {
      const times = { runMs, waitMs: waitOf(claim, startedAt) }
      return await store.completeJob({ workerId, token, id, ...times, result, earlier: this.#transaction ?? null })
    } catch (error) {
      if (isUncertain(error)) this.#transaction = null
      throw error
    }
  }
}

/** Whether the statement may have been done without our knowing. */
function isUncertain(error: unknown): boolean {
  return hasCode(error, "PGQ_CONNECTION_LOST", "PGQ_OUTCOME_UNKNOWN", "PGQ_TIMEOUT", "PGQ_ABORTED")
}
