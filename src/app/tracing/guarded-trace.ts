import { type Logger, logEvent } from "../../ports/logger.js"
import type {
  EnqueueCall,
  EnqueueEnd,
  EnqueueTrace,
  RunEnd,
  RunTrace,
  StartedRun,
  StartedTick,
  Tracing,
} from "../../ports/tracing.js"

/** A trace that can fail without harm; undefined when it could not even start. */
export function guardedEnqueueTrace(tracing: Tracing, call: EnqueueCall, log: Logger): EnqueueTrace | undefined {
  const trace = attempt(log, () => tracing.startEnqueue(call))
  if (trace === undefined) return undefined
  const guarded = new GuardedTrace<EnqueueEnd>(trace, log)
  return {
    headers: attempt(log, () => trace.headers) ?? {},
    call: (work) => guarded.call(work),
    end: (how) => guarded.end(how),
  }
}

/** A trace that can fail without harm; undefined when it could not even start. */
export function guardedRunTrace(tracing: Tracing, run: StartedRun, log: Logger): RunTrace | undefined {
  try {
    return new GuardedTrace<RunEnd>(tracing.startRun(run), log)
  } catch (error) {
    complain(log, error)
    return undefined
  }
}

/** The same of a schedule's handler; undefined also where its runs are not traced. */
export function guardedTickTrace(tracing: Tracing, tick: StartedTick, log: Logger): RunTrace | undefined {
  try {
    const trace = tracing.startTick?.(tick)
    return trace === undefined ? undefined : new GuardedTrace<RunEnd>(trace, log)
  } catch (error) {
    complain(log, error)
    return undefined
  }
}

interface Trace<End> {
  call<T>(work: () => T): T
  end(how: End): void
}

class GuardedTrace<End> implements Trace<End> {
  readonly #trace: Trace<End>
  readonly #log: Logger
  #ended = false

  constructor(trace: Trace<End>, log: Logger) {
    this.#trace = trace
    this.#log = log
  }

  /** The work is done once, and what it gives is the answer, whatever the trace makes of it. */
  call<T>(work: () => T): T {
    const once = new Once(work)
    try {
      const answer: unknown = this.#trace.call(() => once.do())
      if (answer !== once.value) ignoreRejection(answer)
    } catch (error) {
      if (once.state !== "threw") complain(this.#log, error)
    }
    return once.do()
  }

  end(how: End): void {
    if (this.#ended) return
    this.#ended = true
    try {
      this.#trace.end(how)
    } catch (error) {
      complain(this.#log, error)
    }
  }
}

class Once<T> {
  state: "not done" | "returned" | "threw" = "not done"
  value: T | undefined
  error: unknown
  readonly #work: () => T

  constructor(work: () => T) {
    this.#work = work
  }

  do(): T {
    if (this.state === "returned") return this.value!
    if (this.state === "threw") throw this.error
    try {
      this.value = this.#work()
      this.state = "returned"
      return this.value
    } catch (error) {
      this.error = error
      this.state = "threw"
      throw error
    }
  }
}

/** Whoever gets the work's own promise hears of its failure; one that was made of it would end the process. */
function ignoreRejection(answer: unknown): void {
  if (answer instanceof Promise) answer.catch(() => {})
}

function attempt<T>(log: Logger, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    complain(log, error)
    return undefined
  }
}

function complain(log: Logger, error: unknown): void {
  logEvent(log, "tracing.failed", "tracing failed; the work goes on without it", { error })
}
