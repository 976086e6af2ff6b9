import { PgQueuerError } from "../../domain/errors.js"
import type { EndStatus } from "../../domain/status.js"
import type { Clock, Timer } from "../../ports/clock.js"

export interface EndWaitParts {
  readonly clock: Clock
  readonly ids: readonly string[]
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** It is over: nobody needs to look for these any more. */
  onOver(left: ReadonlySet<string>): void
}

/** One call that waits for the ends of some jobs, until all have ended or it is given up. */
export class EndWait {
  readonly ends: Promise<ReadonlyMap<string, EndStatus>>
  readonly #parts: EndWaitParts
  readonly #left: Set<string>
  readonly #ended = new Map<string, EndStatus>()
  readonly #timer: Timer | undefined
  readonly #abort = () => this.fail(stopped(this.#parts.signal!))
  #resolve!: (ends: ReadonlyMap<string, EndStatus>) => void
  #reject!: (error: unknown) => void

  constructor(parts: EndWaitParts) {
    const { clock, ids, timeoutMs, signal } = parts
    this.#parts = parts
    this.#left = new Set(ids)
    this.ends = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (timeoutMs !== undefined) this.#timer = clock.after(timeoutMs, () => this.fail(timedOut(this.#left, timeoutMs)))
    signal?.addEventListener("abort", this.#abort, { once: true })
  }

  hear(id: string, end: EndStatus | "unknown"): void {
    if (end === "unknown") {
      this.fail(unknownJob(id))
      return
    }
    this.#ended.set(id, end)
    this.#left.delete(id)
    if (this.#left.size > 0) return
    this.#over()
    this.#resolve(new Map(this.#parts.ids.map((each) => [each, this.#ended.get(each)!])))
  }

  fail(error: unknown): void {
    this.#over()
    this.#reject(error)
  }

  #over(): void {
    this.#timer?.cancel()
    this.#parts.signal?.removeEventListener("abort", this.#abort)
    this.#parts.onOver(this.#left)
  }
}

/** `PGQ_TIMEOUT` for the signal of `AbortSignal.timeout`, else `PGQ_ABORTED`; the signal's reason is the cause. */
export function stopped(signal: AbortSignal): PgQueuerError {
  const cause: unknown = signal.reason
  return cause instanceof DOMException && cause.name === "TimeoutError"
    ? new PgQueuerError("PGQ_TIMEOUT", "the job had not ended in time", { remedy: goesOn, cause })
    : new PgQueuerError("PGQ_ABORTED", "the wait for the job's end was given up: the caller's signal fired", {
        remedy: goesOn,
        cause,
      })
}

export function unknownJob(id: string): PgQueuerError {
  return new PgQueuerError("PGQ_JOB_UNKNOWN", `no job has the id ${id}`, {
    remedy: "Commit before you wait, name the right schema and prefix, and wait before the history is pruned.",
  })
}

const goesOn = "The job goes on: wait longer, or cancel it."

function timedOut(left: ReadonlySet<string>, timeoutMs: number): PgQueuerError {
  const [first] = left
  const what = left.size === 1 ? `job ${first}` : `${left.size} jobs, such as ${first},`
  return new PgQueuerError("PGQ_TIMEOUT", `${what} had not ended after ${timeoutMs} ms`, { remedy: goesOn })
}
