import { expect, test } from "vitest"
import { pgq, startPgq } from "../support/command-line.js"
import { installQueue } from "../support/queue.js"
import { startSwitchedProxy } from "../support/switched-proxy.js"

const control = /[\p{Cc}\p{Cf}]/u

test("prints one table with --once, without control codes, and ends with 0", async () => {
  const { database, queries, sql } = await installQueue()
  await queries.enqueue(["mail", "mail", "日本"], [1, 2, 3], [5, 5, 0])
  await sql("update pgqueuer.job set created_at = '2020-01-31 08:00:00.7Z'")
  const { code, stdout, stderr } = await pgq(["dashboard", "--once"], { database })
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  const [figures, empty, ...table] = stdout.trimEnd().split("\n")
  expect(figures).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}0\/s ended {2}queued 3 {2}deferred 0 {2}picked 0 {2}failed 0 {2}oldest wait \d+:\d\d:\d\d {2}workers 0$/,
  )
  expect(empty).toBe("")
  expect(
    table.map((line) => line.replace(/\d+:\d\d:\d\d \|/, "00:00:00 |").replace(/ +00:00:00/, " 00:00:00")),
  ).toEqual([
    "+----------------------+-------+------------+--------------------------+--------+----------+",
    "| Created              | Count | Entrypoint | Time in Queue (HH:MM:SS) | Status | Priority |",
    "+----------------------+-------+------------+--------------------------+--------+----------+",
    "| 2020-01-31 08:00:00Z |     1 | 日本       | 00:00:00 | queued |        0 |",
    "| 2020-01-31 08:00:00Z |     2 | mail       | 00:00:00 | queued |        5 |",
    "+----------------------+-------+------------+--------------------------+--------+----------+",
  ])
})

test.each([
  ["psql", / Created +\| Count \| .*\n-+\+-+\+.*\n .* \| mail /],
  ["plain", /Created +Count {2}Entrypoint .*\n2\S+ \S+ +1 {2}mail /],
  ["markdown", /\| Created +\| Count \| .*\n\| -+ \| +-+: \| .*\n\| .* \| mail /],
])("knows the table format %s", async (format, expected) => {
  const { database, queries } = await installQueue()
  await queries.enqueue("mail")
  const { code, stdout } = await pgq(["dashboard", "--once", "--table-format", format], { database })
  expect(code).toBe(0)
  expect(stdout).toMatch(expected)
})

test.each([["--table-format", "json"], ["--json"]])("prints a line of JSON with %s %s", async (...format) => {
  const { database, queries } = await installQueue()
  await queries.enqueue("mail", 1, { priority: 2 })
  const { code, stdout } = await pgq(["dashboard", "--once", ...format], { database })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^[^\n]*\n$/)
  expect(JSON.parse(stdout)).toMatchObject({
    at: expect.any(String),
    endedPerSecond: 0,
    depth: { queued: { count: 1, exact: true } },
    workers: [],
    entrypoints: [{ entrypoint: "mail", depth: { queued: { count: 1 } } }],
    recent: [{ entrypoint: "mail", priority: 2, status: "queued", count: 1, complete: true }],
  })
})

test("prints a table each interval, and ends with 0 on a signal", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("first")
  const dashboard = startPgq(["dashboard", "--interval", "1"], { database })
  await dashboard.writes("first")
  await queries.enqueue("second")
  await dashboard.writes("second")
  dashboard.process.kill("SIGTERM")
  const { code, stdout, stderr } = await dashboard.finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  expect(stdout.split("\n").filter((line) => line.includes("Entrypoint")).length).toBeGreaterThanOrEqual(2)
})

test("spells out what hostile names could do to the terminal of whoever reads the file", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("\u001b]0;owned\u0007\u202e\u009b2J")
  const { stdout } = await pgq(["dashboard", "--once"], { database })
  expect(stdout).toContain("\\u001b]0;owned\\u0007\\u202e\\u009b2J")
  expect(stdout.replaceAll("\n", "")).not.toMatch(control)
})

test("ends quietly when nobody reads any more", async () => {
  const { database, queries } = await installQueue()
  await queries.enqueue("mail")
  const dashboard = startPgq(["dashboard", "--interval", "1"], { database })
  await dashboard.writes("mail")
  dashboard.process.stdout?.destroy()
  expect(await dashboard.finished).toMatchObject({ code: 0, stderr: "" })
})

test("says at the first reading what is wrong, and ends with 1", async () => {
  const { code, stdout, stderr } = await pgq(["dashboard", "--dsn", "postgres://joe:geheim@127.0.0.1:1/db"])
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
  expect(stderr).toMatch(/^pgq: .*ECONNREFUSED.* \(PGQ_CONNECTION_FAILED\)\n/)
})

test("tries again when the database is lost, and goes on when it is back", async () => {
  const { database, queries } = await installQueue()
  const proxy = await startSwitchedProxy(database.url)
  await queries.enqueue("before")
  const dashboard = startPgq(["dashboard", "--interval", "1"], { database, environment: { DATABASE_URL: proxy.url } })
  await dashboard.writes("before")
  proxy.switch("closed")
  await dashboard.writes("; trying again in ")
  await queries.enqueue("after")
  proxy.switch("open")
  await dashboard.writes("after")
  dashboard.process.kill("SIGINT")
  expect((await dashboard.finished).code).toBe(0)
}, 60_000)
