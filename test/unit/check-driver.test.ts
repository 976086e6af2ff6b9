import pg from "pg"
import { expect, it } from "vitest"
import { CompletionWatcher } from "../../src/completion-watcher.js"
import { PgQueuer } from "../../src/pgqueuer.js"
import { Queries } from "../../src/queries.js"

const pool = new pg.Pool()

it.each([
  ["PgQueuer", (driver: never) => new PgQueuer(driver), pool, "a BoundPool"],
  ["Queries", (driver: never) => new Queries(driver), new pg.Client(), "a Client"],
  ["CompletionWatcher", (driver: never) => new CompletionWatcher(driver), undefined, "undefined"],
  ["Queries", (driver: never) => new Queries(driver), {}, "an object"],
  ["Queries", (driver: never) => new Queries(driver), "postgres://localhost/x", '"postgres://localhost/x"'],
])("%s refuses what is no driver, and says how to make one", (name, make, given, shown) => {
  expect(() => make(given as never)).toThrow(
    expect.objectContaining({
      code: "PGQ_OPTION_INVALID",
      message: `${name} needs a driver, not ${shown}`,
      remedy: expect.stringContaining("new PgPoolDriver(pool)"),
    }),
  )
})
