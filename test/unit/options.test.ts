import { expect, it } from "vitest"
import { resolveWorkerOptions } from "../../src/app/worker/worker-options.js"
import { aBoolean, checkOptions, nearest, oneOf, show, wholeNumber } from "../../src/domain/options.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"

const checks = { priority: wholeNumber(0, 9), mode: oneOf("a", "b"), prepare: aBoolean }

it.each([
  ["prioritty", "priority"],
  ["Priority", "priority"],
  ["prio", "priority"],
  ["moed", "mode"],
])("asks whether %s was meant to be %s", (given, meant) => {
  expect(nearest(given, Object.keys(checks))).toBe(meant)
})

it("refuses an unknown option with the nearest known one and the list of all", () => {
  expect(() => checkOptions("enqueue", { prority: 1 }, checks)).toThrow(
    expect.objectContaining({
      code: "PGQ_OPTION_INVALID",
      message: 'enqueue has no option "prority", did you mean priority?',
      remedy: "Known options: priority, mode, prepare.",
    }),
  )
})

it("guesses nothing when nothing is near", () => {
  expect(() => checkOptions("enqueue", { colour: 1 }, checks)).toThrow(/has no option "colour"$/)
})

it.each([null, 5, "x", []])("refuses %j in the place of options", (options) => {
  expect(() => checkOptions("enqueue", options, checks)).toThrow(/must be an object/)
})

it("takes undefined for an option that was left out", () => {
  expect(() => checkOptions("enqueue", { priority: undefined }, checks)).not.toThrow()
  expect(() => checkOptions("enqueue", undefined, checks)).not.toThrow()
})

it("is not fooled by what every object inherits", () => {
  expect(() => checkOptions("enqueue", { constructor: 1 }, checks)).toThrow(/has no option "constructor"/)
  expect(() => checkOptions("enqueue", JSON.parse('{"__proto__": 1}'), checks)).toThrow(/has no option "__proto__"/)
})

it("never shows a whole value in a message", () => {
  expect(show("x".repeat(1_000)).length).toBeLessThan(50)
  expect([show({ secret: 1 }), show([1]), show(() => 1), show(5n), show(Symbol("s"))]).toEqual([
    "an object",
    "an array",
    "a function",
    "5n",
    "Symbol(s)",
  ])
})

it("gives a worker its defaults", () => {
  expect(resolveWorkerOptions({})).toEqual({
    maxConcurrentTasks: 100,
    batchSize: 1_000,
    pollIntervalMs: 30_000,
    heartbeatTimeoutMs: 30_000,
    heartbeatThread: false,
    shutdownTimeoutMs: 30_000,
    maxRescues: 3,
  })
})

it.each([
  { maxConcurrentTasks: 0 },
  { maxConcurrentTasks: 1.5 },
  { maxConcurrentTasks: Number.NaN },
  { batchSize: 20_000 },
  { heartbeatTimeout: "500ms" },
  { heartbeatTimeout: "2h" },
  { pollInterval: "1ms" },
  { pollInterval: "soon" },
  { maxRescues: -1 },
  { shutdownTimeout: -1 },
])("refuses %j for a worker", (options) => {
  expect(() => resolveWorkerOptions(options as never)).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
})

it("reads the delay of a requested retry, and refuses one that is none", () => {
  expect(new RetryRequested({ delay: "2s", reason: "busy" })).toMatchObject({ delayMs: 2_000, message: "busy" })
  expect(new RetryRequested().delayMs).toBe(0)
  expect(() => new RetryRequested({ delay: "later" as never })).toThrow(/not a duration/)
  expect(() => new RetryRequested({ dealy: 1 } as never)).toThrow(/did you mean delay/)
})
