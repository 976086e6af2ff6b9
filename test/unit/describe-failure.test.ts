import fc from "fast-check"
import { expect, it } from "vitest"
import { describeFailure } from "../../src/app/worker/describe-failure.js"

it("keeps name and message as the error, and the stack as the traceback", () => {
  const failure = describeFailure(new TypeError("no such thing"))
  expect(failure.error).toBe("TypeError: no such thing")
  expect(failure.traceback).toContain("describe-failure.test.ts")
})

it("names a code, and all causes", () => {
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" })
  expect(describeFailure(cause).error).toBe("Error [ECONNREFUSED]: refused")
  const { traceback } = describeFailure(new Error("outer", { cause: new Error("inner", { cause: "root" }) }))
  expect(traceback).toMatch(/outer[\s\S]*caused by: [\s\S]*inner[\s\S]*caused by: root/)
})

it("does not walk a circle of causes for ever", () => {
  const error = new Error("round")
  error.cause = error
  expect(describeFailure(error).traceback).toContain("round")
})

it.each([
  ["a string", "boom", "thrown: boom"],
  ["nothing", undefined, "thrown: undefined"],
  ["null", null, "thrown: null"],
  ["an object", { a: 1 }, 'thrown: {"a":1}'],
  ["a BigInt", 5n, "thrown: 5"],
  ["a symbol", Symbol("s"), "thrown: Symbol(s)"],
])("describes %s that was thrown", (_, thrown, error) => {
  expect(describeFailure(thrown)).toEqual({ error, traceback: null })
})

it("describes what cannot be shown", () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  expect(describeFailure(circle).error).toBe("thrown: a value that cannot be shown")
})

it("survives errors that fight back", () => {
  const hostile = new Error("x")
  Object.defineProperty(hostile, "message", {
    get() {
      throw new Error("no message for you")
    },
  })
  const odd = Object.assign(new Error("x"), { message: Symbol("s"), name: {} })
  expect(describeFailure(hostile).error).toContain("cannot be shown")
  expect(describeFailure(odd).error).toEqual(expect.any(String))
})

it("makes of every text one that PostgreSQL stores, of 16 KiB at most", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "ä", "🐘", "\0", "\ud800", "\n"), maxLength: 20_000 })
  fc.assert(
    fc.property(text, (message) => {
      const { error, traceback } = describeFailure(new Error(message))
      for (const stored of [error, traceback!]) {
        expect(stored).not.toContain("\0")
        expect(stored.isWellFormed()).toBe(true)
        expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(16_384)
      }
    }),
    { numRuns: 30 },
  )
  expect(Buffer.byteLength(describeFailure(new Error("ä".repeat(50_000))).error)).toBeGreaterThan(16_000)
})
