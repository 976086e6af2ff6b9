import { hasCode } from "../../domain/errors.js"
import { FinalFailure } from "../../domain/final-failure.js"
import { encodeResult } from "../../domain/payload.js"
import { type ResolvedRetryPolicy, resolveRetryPolicy, retryDelayMs } from "../../domain/retry-policy.js"
import { RetryRequested } from "../../domain/retry-requested.js"
import type { ClaimedJob, Failure, Outcome } from "../../ports/worker-store.js"
import { describeFailure } from "./describe-failure.js"
import type { ResolvedEntrypointOptions } from "./entrypoint-options.js"
import { isTimedOut, type TimedRun, timedOut } from "./run-timeout.js"

/** How a handler ended. */
export type Ending =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: unknown }
  | { readonly kind: "none" }

/** One run of a job, as far as it matters for what becomes of the job. */
export interface EndedRun extends TimedRun {
  readonly claim: Pick<ClaimedJob, "attempt" | "settings">
  readonly options: ResolvedEntrypointOptions
  readonly maxResultBytes: number
  /** From 0 to 1, for jitter. */
  readonly random: number
}

/** What becomes of the job, and the error for those who listen. */
export interface RunOutcome {
  readonly outcome: Outcome
  readonly error?: unknown
}

/** For a job that may be run several times, while its entrypoint says nothing about it. */
const retryByDefault: ResolvedRetryPolicy = resolveRetryPolicy("retry")

/**
 * What becomes of a job whose handler has ended. A cancellation wins over everything, then the timeout; a handler that was stopped
 * for another reason and threw is run again without counting the attempt.
 */
export function runOutcome(ending: Ending, run: EndedRun): RunOutcome {
  if (run.stopReason === "canceled") return { outcome: { status: "canceled" } }
  if (isTimedOut(run)) return failed(timedOut(ending, run), run)
  if (ending.kind === "returned") return returned(ending.value, run)
  const stopped = run.stopReason !== undefined
  if (ending.kind === "none") return { outcome: { status: "queued" } }
  if (stopped && !(ending.error instanceof RetryRequested)) return { outcome: { status: "queued" } }
  return failed(ending.error, run)
}

function returned(value: unknown, run: EndedRun): RunOutcome {
  if (value === undefined) return { outcome: { status: "successful" } }
  try {
    const result = encodeResult(value, run.maxResultBytes)
    return { outcome: { status: "successful", ...(result === undefined ? {} : { result }) } }
  } catch (error) {
    return failed(error, run)
  }
}

function failed(error: unknown, run: EndedRun): RunOutcome {
  if (error instanceof FinalFailure) return final(error.status, error.cause)
  if (hasCode(error, "PGQ_RESULT_INVALID")) return final("exception", error)
  const { claim, options, random } = run
  const requested = error instanceof RetryRequested
  const policy = options.retry ?? retryByDefault
  const most = claim.settings?.maxAttempts ?? options.retry?.maxAttempts ?? (requested ? Number.POSITIVE_INFINITY : 1)
  if (claim.attempt >= most) return final(options.onFailure === "hold" ? "failed" : "exception", error)
  const delayMs = requested ? error.delayMs : retryDelayMs(policy, claim.attempt, random)
  return { outcome: { status: "deferred", delayMs, failure: failureOf(error) }, error }
}

function final(status: "exception" | "failed", error: unknown): RunOutcome {
  return { outcome: { status, failure: failureOf(error) }, error }
}

function failureOf(error: unknown): Failure {
  const hasOnlyCause = error instanceof RetryRequested && error.reason === undefined && error.cause !== undefined
  return describeFailure(hasOnlyCause ? error.cause : error)
}
