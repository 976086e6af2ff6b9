import type { CompletionVerdict, PendingCompletion } from "../../ports/worker-store.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"

/** A handler that has returned before its commit is asked after in these pauses, each longer than the one before. */
const shortestPauseMs = 5
const longestPauseMs = 200

interface Pending extends PendingCompletion {
  readonly resolve: (verdict: CompletionVerdict) => void
}

/** Learns what became of the transactions in which handlers have ended their jobs. */
export class Completions {
  readonly #connection: Connection
  readonly #duty: Duty
  #pending: Pending[] = []
  #pauseMs = shortestPauseMs

  constructor(connection: Connection, duties: DutyEnvironment) {
    this.#connection = connection
    this.#duty = new Duty("settle", duties, () => this.#settle())
  }

  start(): void {
    this.#duty.start()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  /** Resolves when the transaction has ended; never, when the worker stops before that. */
  settle(completion: PendingCompletion): Promise<CompletionVerdict> {
    return new Promise((resolve) => {
      this.#pending.push({ ...completion, resolve })
      this.#pauseMs = shortestPauseMs
      this.#duty.poke()
    })
  }

  async #settle(): Promise<number> {
    const asked = this.#pending
    if (asked.length === 0) return Number.POSITIVE_INFINITY
    const verdicts = await this.#connection.use((store) => store.settleCompleted(asked))
    const isOpen = (pending: Pending) => !verdicts.has(pending.id)
    this.#pending = [...asked.filter(isOpen), ...this.#pending.slice(asked.length)]
    for (const pending of asked) if (!isOpen(pending)) pending.resolve(verdicts.get(pending.id)!)
    if (this.#pending.length === 0) return Number.POSITIVE_INFINITY
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 1.5)
    return this.#pauseMs
  }
}
