import { type Logger, logEvent } from "../../ports/logger.js"
import type {
  EnqueueCall,
  EnqueueEnd,
  EnqueueTrace,
  RunEnd,
  RunTrace,
  StartedRun,
  Tracing,
} from "../../ports/tracing.js"

/** A trace that can fail without harm; undefined when it could not even start. */
export function guardedEnqueueTrace(tracing: Tracing, call: EnqueueCall, log: Logger): EnqueueTrace | undefined {
  const trace = attempt(log, () => tracing.startEnqueue(call))
  if (trace === undefined) return undefined
  return { headers: attempt(log, () => trace.headers) ?? {}, ...guarded<EnqueueEnd>(trace, log) }
}

/** A trace that can fail without harm; undefined when it could not even start. */
export function guardedRunTrace(tracing: Tracing, run: StartedRun, log: Logger): RunTrace | undefined {
  const trace = attempt(log, () => tracing.startRun(run))
  return trace === undefined ? undefined : guarded<RunEnd>(trace, log)
}

interface Trace<End> {
  call<T>(work: () => T): T
  end(how: End): void
}

function guarded<End>(trace: Trace<End>, log: Logger): Trace<End> {
  let ended = false
  return {
    call: (work) => callOnce(trace, work, log),
    end(how) {
      if (ended) return
      ended = true
      attempt(log, () => trace.end(how))
    },
  }
}

/** The work is done once, whatever the trace does before and after it. */
function callOnce<T>(trace: Trace<never>, work: () => T, log: Logger): T {
  let result: { readonly value: T } | { readonly thrown: unknown } | undefined
  const once = (): T => {
    try {
      const value = work()
      result = { value }
      return value
    } catch (thrown) {
      result = { thrown }
      throw thrown
    }
  }
  try {
    return trace.call(once)
  } catch (error) {
    if (result === undefined) complain(log, error)
    else if ("thrown" in result) throw result.thrown
    else complain(log, error)
  }
  return result === undefined ? work() : result.value
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
