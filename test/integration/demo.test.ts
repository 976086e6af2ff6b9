import { expect, test } from "vitest"
import { startPgq } from "../support/command-line.js"
import { testDatabase } from "../support/database.js"

test("accounts for 2,000 jobs although a worker is killed, and leaves the database as it was", async () => {
  const { url, pool } = testDatabase()
  const { code, stdout, stderr } = await startPgq(["demo", "--json"], { environment: { DATABASE_URL: url } }).finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  const result = JSON.parse(stdout)
  expect(result).toMatchObject({
    enqueued: 2_000,
    missing: 0,
    ends: { canceled: 1, successful: 1_999 },
    retried: 150,
    exitCode: 0,
    ticks: { missing: 0, startedTwice: 0 },
  })
  expect(result.ticks.run).toBeGreaterThan(3)
  expect(result.ranTwice).toBeLessThanOrEqual(result.heldByKilled)
  expect(result.runs).toBeGreaterThanOrEqual(1_999 + result.retried + result.ranTwice)
  expect(await demoSchemas(pool())).toEqual([])
}, 60_000)

test("leaves nothing behind after Ctrl-C", async () => {
  const database = testDatabase()
  const demo = startPgq(["demo", "--dsn", database.url])
  await demo.writes("a producer enqueues")
  const pids = [...demo.stdout.matchAll(/pid (\d+)(?: and (\d+))?/g)].flatMap(([, ...found]) => found.filter(Boolean))
  expect(pids).toHaveLength(3)
  demo.process.kill("SIGINT")
  const { code, stderr } = await demo.finished
  expect({ code, stderr }).toEqual({ code: 130, stderr: "pgq: interrupted; nothing is left behind\n" })
  expect(pids.filter((pid) => isAlive(Number(pid)))).toEqual([])
  expect(await demoSchemas(database.pool())).toEqual([])
}, 60_000)

test("goes on with the dashboard to look at when it is asked to, and ends all with Ctrl-C", async () => {
  const database = testDatabase()
  const demo = startPgq(["demo", "--serve", "--port", "0", "--dsn", database.url])
  await demo.writes("a shop goes on working")
  const url = /look at (\S+) and/.exec(demo.stderr)![1]!
  const jobs = async () =>
    (await (await fetch(`${url}jobs?entrypoint=email.send&status=successful`)).text()).match(/href="\/jobs\/\d+/g)
  await expect.poll(async () => (await jobs())?.length ?? 0, { timeout: 20_000 }).toBeGreaterThan(3)
  let pids: number[] = []
  const findWorkers = async () => {
    const workers = await (await fetch(`${url}workers`)).text()
    pids = [...workers.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid))
    return pids.length
  }
  await expect.poll(findWorkers, { timeout: 20_000 }).toBeGreaterThan(1)
  demo.process.kill("SIGINT")
  const { code, stderr } = await demo.finished
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining("pgq: stopped; nothing is left behind\n"),
  })
  expect(pids.filter(isAlive)).toEqual([])
  expect(await demoSchemas(database.pool())).toEqual([])
}, 90_000)

test("refuses a port for a dashboard that is not asked for", async () => {
  const { code, stderr } = await startPgq(["demo", "--port", "0"]).finished
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("--port needs --serve") })
})

async function demoSchemas(pool: { query(sql: string): Promise<{ rows: unknown[] }> }): Promise<unknown[]> {
  return (await pool.query("select nspname from pg_namespace where nspname like 'pgqueuer\\_demo\\_%'")).rows
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
