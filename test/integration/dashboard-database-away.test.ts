import { expect, test } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { PgQueuerError } from "../../src/domain/errors.js"
import type { Driver } from "../../src/ports/driver.js"
import { Queries } from "../../src/queries.js"
import { asker, makeDashboard } from "../support/dashboard.js"
import { testDatabase } from "../support/database.js"
import { eventually, installQueue } from "../support/queue.js"

test("says that the database is away, keeps its frame, and comes back by itself", async () => {
  const queue = await installQueue()
  const { driver, away } = leavingDriver(queue.driver)
  const dashboard = makeDashboard(queue, {}, driver)
  const ask = asker(dashboard)
  const { body } = await ask("/live?of=/jobs")
  const events = body!.pipeThrough(new TextDecoderStream()).getReader()
  let seen = ""
  const hears = (text: string) =>
    eventually(async () => {
      seen += (await events.read()).value ?? ""
      return seen.includes(text)
    })
  away(true)
  const lost = await ask("/jobs")
  expect(lost.status).toBe(503)
  const page = await lost.text()
  for (const text of ["The database cannot be reached", "comes back by itself", 'href="/jobs"'])
    expect(page).toContain(text)
  await hears("event: failed")
  away(false)
  expect((await ask("/jobs")).status).toBe(200)
  await hears("event: main")
  await events.cancel()
})

test("says how to install the tables where there are none, and shows them when they are there", async () => {
  const database = testDatabase()
  const driver = new PgPoolDriver(database.pool())
  const queue = { driver, schema: database.schema, prefix: "" } as Parameters<typeof makeDashboard>[0]
  const ask = asker(makeDashboard(queue))
  for (const path of ["/", "/jobs"]) {
    const response = await ask(path)
    expect([response.status, await response.text()]).toEqual([
      503,
      expect.stringMatching(/no queue here yet[\s\S]*pgq install/),
    ])
  }
  await new Queries(driver, { schema: database.schema }).install()
  expect((await ask("/jobs")).status).toBe(200)
})

/** A driver whose database can be taken away. */
function leavingDriver(driver: Driver) {
  let isAway = false
  const gone = () =>
    Promise.reject(new PgQueuerError("PGQ_CONNECTION_FAILED", "no connection to the database", { remedy: "Start it." }))
  const leaving: Driver = {
    label: driver.label,
    features: driver.features,
    query: (...args) => (isAway ? gone() : driver.query(...args)),
    transaction: (work) => (isAway ? gone() : driver.transaction(work)),
    session: () => (isAway ? gone() : driver.session()),
    listen: (...args) => driver.listen(...args),
  }
  return {
    driver: leaving,
    away(value: boolean) {
      isAway = value
    },
  }
}
