import { expect, test } from "vitest"
import { checkConnectionString } from "../../src/cli/connection-string.js"
import type { PgQueuerError } from "../../src/domain/errors.js"

test.for([
  "postgres://host/db",
  "postgresql://joe:p%40ss@host:5432/db?sslmode=require",
  "postgres://[::1]:5432/db",
  "postgres://joe@/db?host=/var/run/postgresql",
  "POSTGRES://host",
])("takes %s", (url) => {
  expect(() => checkConnectionString(url, "--dsn")).not.toThrow()
})

test.for([
  ["", "is empty"],
  ["  ", "is empty"],
  ["host=db", "keyword=value"],
  [" host = 'db' password='secret word'", "keyword=value"],
  ["db.example.com:5432/db", "not a connection URL"],
  ["mysql://joe:secret@host/db", "not PostgreSQL"],
  ["https://host/db", "not PostgreSQL"],
  ["postgres://joe:secret@host/my db", "white space"],
  ["postgres://joe:secret@host/db\n", "white space"],
  ["postgres:///db", "names no host"],
  ["postgres://joe:secret@/db", "names no host"],
  ["postgres://one,two/db", "several hosts"],
  ["postgres://one:1,two:2/db", "several hosts"],
  ["postgres://joe:secret/1@host/db", "not a valid URL"],
  ["postgres://joe:secret100%@host/db", "encodes nothing"],
  ["postgres://joe:secret@host:port/db", "not a valid URL"],
] as const)("refuses %j: %s", ([text, expected]) => {
  const error = failureOf(() => checkConnectionString(text, "DATABASE_URL"))
  expect(error).toMatchObject({ code: "PGQ_CONNECTION_INVALID", message: expect.stringContaining(expected) })
  expect(error.message).toContain("DATABASE_URL")
  expect(error.message + error.remedy).not.toContain("secret")
})

test("writes keywords as the URL that would do, without the password", () => {
  const error = failureOf(() =>
    checkConnectionString("host=db port=6432 user='o''joe' dbname=my\\ shop password=secret", "--dsn"),
  )
  expect(error.remedy).toContain("@db:6432/")
  expect(error.remedy).not.toContain("secret")
})

function failureOf(work: () => void): PgQueuerError {
  try {
    work()
  } catch (error) {
    return error as PgQueuerError
  }
  throw new Error("nothing was refused")
}
