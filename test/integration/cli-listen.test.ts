import { expect, test } from "vitest"
import { startPgq } from "../support/command-line.js"
import { eventually, installQueue } from "../support/queue.js"
import { storeSchedule } from "../support/schedules.js"

test("prints wake-ups and ends as they happen, and ends with 0 on Ctrl-C, leaving nothing behind", async () => {
  const queue = await installQueue()
  const { database, queries } = queue
  const listener = startPgq(["listen"], { database })
  await listener.writes("pgq: listening")
  await eventually(async () => (await listens(queue.schema)) === 2)
  const [id] = await queries.enqueue("fetch")
  await listener.writes("wake-up: jobs of fetch from place")
  await queries.pause("other")
  await listener.writes("limits or pauses have changed")
  await storeSchedule(queue, "nightly")
  await queries.pauseSchedules("nightly")
  await listener.writes("schedules have changed, or runs of them wait")
  const worker = queue.worker()
  worker.pgq.entrypoint("fetch", () => Promise.reject(new Error("no paper")))
  await worker.drain()
  await listener.writes(`job ${id} of fetch ended: exception after `)
  await listener.writes("Error: no paper")
  listener.process.kill("SIGINT")
  expect((await listener.finished).code).toBe(0)
  expect(await queue.sql("select id from pgqueuer.watcher")).toEqual([])

  async function listens(schema: string): Promise<number> {
    const { rows } = await queue.pool.query("select from pg_stat_activity where query ilike $1", [`listen%${schema}%`])
    return rows.length
  }
})

test("prints an event a line as JSON, and goes on when its connections are cut", async () => {
  const queue = await installQueue()
  const { database, queries } = queue
  const listener = startPgq(["listen", "--json"], { database, environment: { PGAPPNAME: "ignored" } })
  await listener.writes("pgq: listening")
  await eventually(async () => {
    await queries.enqueue("a")
    return listener.stdout !== ""
  })
  const cut = await queue.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where query ilike $1 and pid <> pg_backend_pid()",
    [`listen%${queue.schema}%`],
  )
  expect(cut.rowCount).toBeGreaterThan(0)
  await listener.writes("the LISTEN connection was lost; opening it again")
  await eventually(async () => {
    await queries.cancel(await queries.enqueue("late"))
    return linesOf(listener.stdout).some(({ event, entrypoint }) => event === "ended" && entrypoint === "late")
  })
  expect(linesOf(listener.stdout)[0]).toMatchObject({ at: expect.any(String), event: "wake-up", entrypoints: ["a"] })
  listener.process.kill("SIGTERM")
  expect((await listener.finished).code).toBe(0)
})

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
}
