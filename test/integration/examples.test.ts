import { join } from "node:path"
import { expect, test, vi } from "vitest"
import { repository, type Started, type StartOptions, start, startPgq } from "../support/command-line.js"
import { installQueue } from "../support/queue.js"

test("quickstart: what the producer enqueues, the consumer fetches", async () => {
  const { database, queries } = await installQueue()
  const consumer = startPgq(["run", "examples/quickstart/consumer.ts:main"], { database })
  await consumer.writes("worker started")
  const producer = await script("quickstart/producer.ts", { database }).finished
  expect(producer).toMatchObject({ code: 0, stdout: expect.stringMatching(/^enqueued \d+\nenqueued \d+ \d+ \d+\n$/) })
  for (const user of [7, 1, 2, 3]) await consumer.writes(`fetched {"user":${user}}`)
  consumer.process.kill("SIGTERM")
  expect((await consumer.finished).code).toBe(0)
  expect(await queries.queueSize()).toEqual([])
})

test("dashboard-data: fills an empty queue with a day, and touches none that has jobs", async () => {
  const { database, queries } = await installQueue({ checked: false })
  expect(await script("dashboard-data/fill.ts", { database }).finished).toMatchObject({ code: 0, stderr: "" })
  const { points } = await queries.history({ last: "24h" })
  expect(points.filter(({ ended }) => ended.successful > 0).length).toBeGreaterThan(points.length - 2)
  expect(points.every(({ run }) => run.count === 0 || run.p99Ms! > run.p50Ms!)).toBe(true)
  expect(await queries.workers()).toHaveLength(3)
  expect((await queries.jobs({ status: "exception" })).length).toBeGreaterThan(0)
  const again = await script("dashboard-data/fill.ts", { database }).finished
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("there are jobs in")])
})

test("transaction: no job without its order", async () => {
  const { database, queries, pool, schema } = await installQueue()
  const environment = { PGOPTIONS: `-c search_path=${schema}` }
  const { code, stdout } = await script("transaction/order.ts", { database, environment }).finished
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^enqueued \d+\nno order, no job: out of stock\n$/),
  })
  expect(await queries.jobs()).toMatchObject([{ entrypoint: "confirm_order", payload: { customer: "ada" } }])
  const { rows } = await pool.query(`select article from ${schema}.customer_order`)
  expect(rows).toEqual([{ article: "teapot" }])
})

test("resources: made once, shared by the handlers, disposed at the end", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue(["mail", "mail"], ["ada", "bob"])
  const args = ["run", "examples/resources/consumer.ts:main", "--mode", "drain", "--", "smtp.test"]
  const { code, stdout } = await startPgq(args, { database }).finished
  expect(code).toBe(0)
  expect(stdout.trim().split("\n")).toEqual([
    "sent to ada through smtp.test",
    "sent to bob through smtp.test",
    "mailer closed after 2",
  ])
})

test("fastify: POST /enqueue answers with ids, bad input with its code, and the pool ends with the app", async () => {
  const { database, queries } = await installQueue()
  const app = script("fastify/app.ts", { database, environment: { PORT: "0" } })
  const address = await addressOf(app)
  const accepted = await post(`${address}/enqueue`, { entrypoint: "fetch", payloads: [{ user: 7 }, { user: 8 }] })
  expect(accepted).toEqual({ status: 202, body: { ids: [expect.any(String), expect.any(String)] } })
  const refused = await post(`${address}/enqueue`, { entrypoint: "", payloads: [1] })
  expect(refused).toMatchObject({ status: 400, body: { code: "PGQ_NAME_INVALID" } })
  expect((await queries.jobs()).map((job) => job.payload)).toEqual([{ user: 8 }, { user: 7 }])
  app.process.kill("SIGTERM")
  // With an open pool the process would live on until the pool's idle connections end.
  expect((await app.finished).code).toBe(0)
})

test("express-sync: each request has a blocking driver of its own, closed after it", async () => {
  const { database, queries, pool } = await installQueue()
  const environment = { PORT: "0", PGAPPNAME: database.schema }
  const app = script("express-sync/app.ts", { database, environment })
  const address = await addressOf(app)
  const answers = await Promise.all(
    [7, 8].map((user) => post(`${address}/enqueue`, { entrypoint: "fetch", payload: user })),
  )
  expect(answers.map(({ status }) => status)).toEqual([202, 202])
  const refused = await post(`${address}/enqueue`, { entrypoint: "" })
  expect(refused).toMatchObject({ status: 400, body: { code: "PGQ_NAME_INVALID" } })
  expect((await queries.jobs()).map((job) => job.payload).sort()).toEqual([7, 8])
  await vi.waitFor(async () => {
    const { rows } = await pool.query("select from pg_stat_activity where application_name = $1", [database.schema])
    expect(rows).toHaveLength(0)
  }, 5_000)
  app.process.kill("SIGTERM")
  expect((await app.finished).code).toBe(0)
})

test("typed-jobs: payloads and results are what the schemas make of them, and what does not fit is refused", async () => {
  const { database, queries } = await installQueue()
  const consumer = startPgq(["run", "examples/typed-jobs/consumer.ts:main"], { database })
  await consumer.writes("worker started")
  const { code, stdout } = await script("typed-jobs/producer.ts", { database }).finished
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(
      /^<\d+@example\.com> was sent in 20\d\d\n\[ 'successful', 'successful' \]\nPGQ_PAYLOAD_INVALID \[[^[]*path: \[ 'to' \]/,
    ),
  })
  await consumer.writes("Welcome to ada@example.com, born in 1815, copies: 1\n")
  await consumer.writes("News to cyd@example.com, no birthday, copies: 2\n")
  consumer.process.kill("SIGTERM")
  expect((await consumer.finished).code).toBe(0)
  expect((await queries.jobs()).map((job) => job.status)).toEqual(["successful", "successful", "successful"])
})

test("limits: two workers together hold no more, and start no faster, than each entrypoint may", async () => {
  const { database, queries } = await installQueue()
  const consumers = [1, 2].map(() => startPgq(["run", "examples/limits/consumer.ts:main"], { database }))
  for (const consumer of consumers) await consumer.writes("worker started")
  const { code, stdout } = await script("limits/producer.ts", { database }).finished
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: "book: 1 at once, null a second\ncall_api: null at once, 10 a second\nconvert: 2 at once, null a second\n",
  })
  await vi.waitFor(async () => expect(await queries.queueSize()).toEqual([]), 45_000)
  for (const consumer of consumers) consumer.process.kill("SIGTERM")
  for (const consumer of consumers) expect((await consumer.finished).code).toBe(0)
  const runs = async (entrypoint: string) =>
    (await queries.jobs({ entrypoint, status: "successful" })).map(({ startedAt, finishedAt }) => ({
      from: startedAt!.getTime(),
      to: finishedAt!.getTime(),
    }))
  expect(mostAtOnce(await runs("convert"))).toBe(2)
  expect(mostAtOnce(await runs("book"))).toBe(1)
  const starts = (await runs("call_api")).map(({ from }) => from)
  // Six starts a tenth of a second apart, the first of which may have been late.
  expect(Math.max(...starts) - Math.min(...starts)).toBeGreaterThan(350)
}, 90_000)

test("scheduler: two workers start each tick once, in the handler form and in the job form", async () => {
  const { database, queries, sql } = await installQueue()
  const workers = [1, 2].map(() => startPgq(["run", "examples/scheduler/scheduler.ts:main"], { database }))
  for (const worker of workers) await worker.writes("worker started")
  const written = () => workers.map(({ stdout }) => stdout).join("")
  await vi.waitUntil(
    () => /the last one was 20/.test(written()) && written().includes('report {"kind":"summary"}'),
    20_000,
  )
  for (const worker of workers) worker.process.kill("SIGTERM")
  for (const worker of workers) expect((await worker.finished).code).toBe(0)
  const ticks = await sql("select schedule, tick from pgqueuer.schedule_run group by 1, 2 having count(*) > 1")
  expect(ticks).toEqual([])
  expect(await queries.schedules()).toMatchObject([
    { name: "heartbeat", entrypoint: null, orphaned: true },
    { name: "report", entrypoint: "report", orphaned: true },
  ])
})

/** As `npx jiti` does. */
function script(file: string, options: StartOptions): Started {
  return start([jiti, join(repository, "examples", file)], options)
}

const jiti = join(repository, "node_modules/jiti/lib/jiti-cli.mjs")

async function addressOf(app: Started): Promise<string> {
  await app.writes("listening on http://")
  return /listening on (\S+)/.exec(app.stdout)?.[1] ?? ""
}

async function post(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

function mostAtOnce(runs: readonly { readonly from: number; readonly to: number }[]): number {
  expect(runs).toHaveLength(6)
  return Math.max(...runs.map(({ from }) => runs.filter((run) => run.from <= from && from < run.to).length))
}
