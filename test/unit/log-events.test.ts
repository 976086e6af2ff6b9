import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { handlerEvent, logEvents } from "../../src/domain/log-events.js"
import { repository } from "../support/command-line.js"

/** Where loggers are made, where the one function that writes events is, and handlers, which log for their jobs. */
const makersOfLoggers = [
  "src/ports/logger.ts",
  "src/adapters/system/console-logger.ts",
  "src/app/worker/job-logger.ts",
  "src/cli/demo/shop-worker.ts",
]

const sources = readdirSync(join(repository, "src"), { recursive: true, encoding: "utf8" })
  .map((file) => join("src", file))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".generated.ts"))
  .map((file) => ({ file, text: readFileSync(join(repository, file), "utf8") }))

test("lists in the docs every event with its level, and no other", () => {
  const page = readFileSync(join(repository, "docs/reference/log-events.md"), "utf8")
  const listed = [...page.matchAll(/^\| `([\w.-]+)` \| (\w+) \|/gm)].map((match) => [match[1], match[2]])
  expect(Object.fromEntries(listed)).toEqual({ ...logEvents, [handlerEvent]: "any" })
  expect(listed).toHaveLength(Object.keys(logEvents).length + 1)
})

test("writes no line without an event: all go through logEvent", () => {
  const call = /\w*[lL]og(?:ger)?\)?[?!]?\.(?:debug|info|warn|error)\(/g
  const bare = sources
    .filter(({ file }) => !makersOfLoggers.includes(file))
    .flatMap(({ file, text }) => [...text.matchAll(call)].map(([found]) => `${file}: ${found}…`))
  expect(bare, "name the event in src/domain/log-events.ts, list it in the docs, and call logEvent").toEqual([])
  expect("parts.log.warn(".match(call)).not.toBeNull()
})

test("has no event that is never written", () => {
  const written = sources.filter(({ file }) => !file.endsWith("log-events.ts")).map(({ text }) => text)
  const unused = Object.keys(logEvents).filter((event) => !written.some((text) => text.includes(`"${event}"`)))
  expect(unused).toEqual([])
})

test("names events as what, a dot, and what happened to it", () => {
  for (const event of [...Object.keys(logEvents), handlerEvent]) expect(event).toMatch(/^[a-z]+\.[a-z]+(?:-[a-z]+)*$/)
})
