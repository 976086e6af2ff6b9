import { expect, test } from "vitest"
import { jsonLine, prettyLine } from "../../src/adapters/system/console-logger.js"
import { logEvent } from "../../src/ports/logger.js"
import { recordingLogger } from "../support/logger.js"

const url = "postgres://joe:geheim@host/db"

test("writes an object with time, level, message and fields", () => {
  const line = JSON.parse(
    jsonLine("warn", "it\nwas lost", { event: "listen.lost", job: "7", runMs: 3, none: undefined }),
  )
  expect(line).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    level: "warn",
    message: "it\nwas lost",
    event: "listen.lost",
    job: "7",
    runMs: 3,
  })
})

test("shows of an error its name, message, code, stack and cause, and nothing that quotes tables", () => {
  const cause = new Error("at the bottom")
  const error = Object.assign(new TypeError("no", { cause }), { code: "23505", detail: "Key (email)=(a@b.c)" })
  expect(JSON.parse(jsonLine("error", "failed", { error })).error).toEqual({
    name: "TypeError",
    message: "no",
    code: "23505",
    stack: expect.stringContaining("console-logger.test.ts"),
    cause: expect.objectContaining({ message: "at the bottom" }),
  })
})

test("writes a line for people with the fields behind it, with stacks where they are asked for", () => {
  const error = new Error("no\nway")
  const fields = { event: "job.failed", job: "7", jobs: ["1"], error, x: undefined }
  expect(prettyLine("error", "the job\nfailed\u001b[2J", fields, false)).toBe(
    'pgqueuer error the job\\nfailed\\u001b[2J event=job.failed job="7" jobs=["1"] error="no\\nway"',
  )
  expect(prettyLine("error", "failed", fields, true)).toContain(`\n${error.stack}`)
})

test.for([
  ["a message", `cannot reach ${url}`, {}],
  ["a field", "failed", { url }],
  ["deep in a field", "failed", { settings: [{ url }, { password: "geheim" }] }],
  ["an error", "failed", { error: new Error(`at ${url}`) }],
  ["its cause", "failed", { error: new Error("no", { cause: new Error("password=geheim") }) }],
  ["what it printed", "failed", { text: "{ user: 'joe', password: 'geheim' }" }],
] as const)("takes the password out of %s", ([, message, fields]) => {
  for (const line of [jsonLine("error", message, fields), prettyLine("error", message, fields, true)]) {
    expect(line).not.toContain("geheim")
    expect(line).toContain("***")
  }
  JSON.parse(jsonLine("error", message, fields))
})

test("takes passwords out of the errors that any logger is given, and leaves others as they are", () => {
  const log = recordingLogger()
  const harmless = new Error("no")
  const telling = new RangeError(`no way to ${url}`, { cause: new Error(url) })
  logEvent(log, "duty.failed", "poll failed", { error: harmless })
  logEvent(log, "duty.failed", "poll failed", { error: telling })
  expect(log.lines[0]!.fields["error"]).toBe(harmless)
  const copy = log.lines[1]!.fields["error"] as Error
  expect(copy).toBeInstanceOf(RangeError)
  expect(`${copy.message}${copy.stack}${(copy.cause as Error).message}`).not.toContain("geheim")
  expect(telling.message).toContain("geheim")
})

test("writes a line also when a field is no JSON", () => {
  const circle: Record<string, unknown> = { big: 7n, call() {} }
  circle["self"] = circle
  expect(JSON.parse(jsonLine("info", "odd", { circle }))).toMatchObject({ circle: { big: "7" } })
  expect(prettyLine("info", "odd", { circle }, false)).toContain('"big":"7"')
})
