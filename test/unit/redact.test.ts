import { expect, test } from "vitest"
import { redact } from "../../src/domain/redact.js"

test.for([
  ["at postgres://joe:secret@host/db?x=1", "at postgres://joe:***@host/db?x=1"],
  ["postgresql://:secret@host", "postgresql://:***@host"],
  ["postgres://joe:sec:r@et@host", "postgres://joe:***@host"],
  ["host=db password=secret user=joe", "host=db password=*** user=joe"],
  ["password='secret word' x", "password=*** x"],
  ["PGPASSWORD=secret", "PGPASSWORD=***"],
  ["postgres://joe@host/db", "postgres://joe@host/db"],
  ['"postgres://joe:se/cr"et@host"', '"postgres://joe:***@host"'],
] as const)("takes the password out of %j", ([text, expected]) => {
  expect(redact(text)).toBe(expected)
})
