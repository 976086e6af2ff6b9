import { expect, it } from "vitest"
import { resolveEntrypointOptions } from "../../src/app/worker/entrypoint-options.js"
import { type EndedRun, type Ending, runOutcome } from "../../src/app/worker/run-outcome.js"
import { FinalFailure } from "../../src/domain/final-failure.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import type { JobSettings } from "../../src/ports/worker-store.js"

const returned: Ending = { kind: "returned", value: undefined }
const threw: Ending = { kind: "threw", error: new TypeError("no") }
const askedAgain: Ending = { kind: "threw", error: new RetryRequested({ delay: 70 }) }
const retry = { maxAttempts: 3, initialDelay: 100, jitter: 0.5 }

it.each<[string, Ending, RunGiven, unknown]>([
  [
    "ends with what the handler returned",
    { kind: "returned", value: { a: 1 } },
    {},
    { status: "successful", result: '{"a":1}' },
  ],
  ["has no result where nothing was returned", returned, {}, { status: "successful" }],
  ["has one attempt by default", threw, {}, { status: "exception", failure: { error: "TypeError: no" } }],
  ["holds what failed for good", threw, { onFailure: "hold" }, { status: "failed" }],
  ["waits before the next attempt", threw, { retry, attempt: 2 }, { status: "deferred", delayMs: 250 }],
  ["fails for good with the last attempt", threw, { retry, attempt: 3 }, { status: "exception" }],
  ["lets the job's own number of attempts win", threw, { retry, attempt: 3, maxAttempts: 4 }, { status: "deferred" }],
  ["lets it win downwards, too", threw, { retry, attempt: 1, maxAttempts: 1 }, { status: "exception" }],
  ["retries a job that says so without a policy", threw, { maxAttempts: 2 }, { status: "deferred", delayMs: 1_100 }],
  ["retries for ever when the handler asks for it", askedAgain, { attempt: 999 }, { status: "deferred", delayMs: 70 }],
  ["counts what the handler asked for", askedAgain, { retry, attempt: 3 }, { status: "exception" }],
  ["holds what was asked for too often", askedAgain, { retry, attempt: 3, onFailure: "hold" }, { status: "failed" }],
  [
    "cancels, whatever was returned",
    { kind: "returned", value: 1 },
    { stopReason: "canceled" },
    { status: "canceled" },
  ],
  ["cancels, whatever was thrown", askedAgain, { stopReason: "canceled", retry }, { status: "canceled" }],
  ["puts back what a stop interrupted", threw, { stopReason: "shutdown", retry }, { status: "queued" }],
  ["puts back what a lost lease interrupted", threw, { stopReason: "lease-lost" }, { status: "queued" }],
  ["ends what a stop did not interrupt", returned, { stopReason: "shutdown" }, { status: "successful" }],
  ["fails what returns after its timeout", returned, { stopReason: "timeout" }, { status: "exception" }],
  ["fails what held its thread for too long", returned, { runMs: 51 }, { status: "exception" }],
  ["takes what came in time", returned, { runMs: 50 }, { status: "successful" }],
  ["retries after a timeout", returned, { stopReason: "timeout", retry }, { status: "deferred", delayMs: 125 }],
  ["does not let a handler ask for more than its time", askedAgain, { stopReason: "timeout" }, { status: "exception" }],
  [
    "puts back what still runs at the end of a stop",
    { kind: "none" },
    { stopReason: "shutdown" },
    { status: "queued" },
  ],
  ["fails what still runs after its timeout", { kind: "none" }, { stopReason: "timeout" }, { status: "exception" }],
  [
    "never retries what JSON cannot hold",
    { kind: "returned", value: 1n },
    { retry, onFailure: "hold" },
    { status: "exception" },
  ],
  [
    "never retries what is final",
    { kind: "threw", error: new FinalFailure("failed", new Error("x")) },
    { retry },
    { status: "failed", failure: { error: "Error: x" } },
  ],
])("%s", (_, ending, given, outcome) => {
  expect(runOutcome(ending, run(given)).outcome).toMatchObject(outcome as object)
})

it.each([
  [
    "names the limit of a run that took too long",
    returned,
    { stopReason: "timeout" as const },
    /PGQ_TIMEOUT.*limited to 50 ms.*ended after 60 ms/,
  ],
  [
    "says what is wrong with a result",
    { kind: "returned", value: { a: [1, 2n] } } as const,
    {},
    /PGQ_RESULT_INVALID.*bigint at result\.a\[1\]/,
  ],
  [
    "says that a result is too large",
    { kind: "returned", value: "x".repeat(2_000) } as const,
    {},
    /PGQ_RESULT_INVALID.*2002 bytes.*1000/,
  ],
  [
    "keeps the reason of a retry",
    { kind: "threw", error: new RetryRequested({ reason: "busy", cause: 5 }) } as const,
    {},
    /^RetryRequested: busy$/,
  ],
  [
    "keeps the cause of a retry without a reason",
    { kind: "threw", error: new RetryRequested({ cause: new RangeError("far") }) } as const,
    {},
    /^RangeError: far$/,
  ],
])("%s", (_, ending, given: RunGiven, error) => {
  const { outcome } = runOutcome(ending, run({ runMs: given.stopReason === "timeout" ? 60 : 1, ...given }))
  expect(outcome).toMatchObject({ failure: { error: expect.stringMatching(error) } })
})

type RunGiven = Partial<Pick<EndedRun, "stopReason" | "runMs">> & {
  readonly retry?: typeof retry
  readonly onFailure?: "hold"
  readonly attempt?: number
  readonly maxAttempts?: number
}

function run({ retry, onFailure, attempt = 1, maxAttempts, stopReason, runMs = 1 }: RunGiven): EndedRun {
  const settings: JobSettings = {
    maxAttempts: maxAttempts ?? null,
    timeoutMs: null,
    keyed: false,
    dueMs: null,
    expired: false,
  }
  return {
    claim: { attempt, settings: maxAttempts === undefined ? null : settings },
    options: resolveEntrypointOptions("a", {
      ...(retry === undefined ? {} : { retry }),
      ...(onFailure === undefined ? {} : { onFailure }),
    }),
    stopReason,
    timeoutMs: 50,
    runMs,
    maxResultBytes: 1_000,
    random: 0.5,
  }
}
