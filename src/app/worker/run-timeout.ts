import { PgQueuerError } from "../../domain/errors.js"
import type { StopReason } from "./job-context.js"

/** How long a run took, and may take. */
export interface TimedRun {
  /** Why its signal was aborted, if it was. */
  readonly stopReason: StopReason | undefined
  readonly timeoutMs: number | null
  readonly runMs: number
}

/** Also when its timer came too late, because the handler never let go of the event loop. */
export function isTimedOut({ stopReason, timeoutMs, runMs }: TimedRun): boolean {
  return stopReason === "timeout" || (stopReason === undefined && timeoutMs !== null && runMs > timeoutMs)
}

/** @param ending - how the handler ended, or that it has not */
export function timedOut(
  ending: { readonly kind: "returned" | "none" } | { readonly kind: "threw"; readonly error: unknown },
  { timeoutMs, runMs }: TimedRun,
): PgQueuerError {
  const until = ending.kind === "none" ? "it was still running after" : "it ended after"
  return new PgQueuerError("PGQ_TIMEOUT", `the run is limited to ${timeoutMs} ms; ${until} ${Math.round(runMs)} ms`, {
    remedy: "Let the handler stop when its signal aborts, or give it a longer timeout.",
    ...(ending.kind === "threw" ? { cause: ending.error } : {}),
  })
}
