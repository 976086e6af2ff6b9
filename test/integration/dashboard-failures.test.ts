import { randomBytes } from "node:crypto"
import { expect, test } from "vitest"
import { countingDriver } from "../support/counting-driver.js"
import { asker, installDashboard, makeDashboard } from "../support/dashboard.js"
import { installQueue, type TestQueue } from "../support/queue.js"

test("shows failed attempts by entrypoint and error, how many ended and are held, and links to exactly these", async () => {
  const { queue, ask } = await installDashboard({ write: true })
  await fail(queue, "sync", 6, "hold", (n) => `no account ${n}`)
  await fail(queue, "mail", 4, "exception", (n) => (n % 2 === 0 ? `no account ${n}` : "refused"))
  const page = await (await ask("/failures", { as: "operator" })).text()
  const rows = [...page.matchAll(/<tr data-row="">.*?<\/tr>/gs)].map(([row]) => row)
  expect(rows.map((row) => row.replace(/<[^>]+>/g, "|").replace(/\|+/g, "|"))).toEqual([
    expect.stringMatching(/^\|Error: no account #\|sync\|6\|0\|6\|.*\|Requeue…\|$/),
    expect.stringMatching(/^\|Error: (?:refused|no account #)\|mail\|2\|2\|0\|/),
    expect.stringMatching(/^\|Error: (?:refused|no account #)\|mail\|2\|2\|0\|/),
  ])
  const links = rows.map((row) => /href="(\/jobs\?[^"]+)"/.exec(row)![1]!.replaceAll("&amp;", "&"))
  for (const [index, count] of [6, 2, 2].entries()) {
    const jobs = await (await ask(links[index]!)).text()
    expect(jobs.match(/data-row=""/g), links[index]).toHaveLength(count)
    expect(jobs).toContain("Only jobs with the same kind of error")
  }
  expect(await (await ask("/failures")).text()).not.toContain("/bulk?")
})

test("shows what failed in the chosen time only, and where to look when nothing did", async () => {
  const { queue, ask } = await installDashboard()
  await fail(queue, "sync", 3, "hold", () => "gone")
  await queue.sql("update pgqueuer.failure set failed_at = failed_at - interval '5 hours' where id <= 2")
  const pageOf = async (last: string) => (await ask(`/failures?last=${last}`)).text()
  expect(await pageOf("1h")).toContain("1 failed attempt of the last hour")
  expect(await pageOf("6h")).toContain("3 failed attempts of the last 6 hours")
  await queue.sql("update pgqueuer.failure set failed_at = failed_at - interval '2 days'")
  const empty = await (await asker(makeDashboard(queue))("/failures")).text()
  expect(empty).toContain("No attempt failed in the last hour")
  expect(empty).toContain('href="/failures?last=30d"')
})

test("takes what is hidden out of errors, also where numbers are replaced, and out of addresses", async () => {
  const { queue, ask } = await installDashboard({ redact: ["password"] })
  await queue.queries.enqueue("login", { password: "swordfish22" })
  await queue.queries.enqueue("login", { password: "open-sesame", scan: randomBytes(40_000).toString("hex") })
  const worker = queue.worker()
  worker.pgq.entrypoint("login", ({ payload }) => {
    throw new Error(`${(payload as { password: string }).password} is wrong`)
  })
  await worker.drain()
  const page = await (await ask("/failures")).text()
  expect(page).not.toContain("swordfish")
  expect(page).not.toContain("open-sesame")
  expect(page).toContain("[redacted] is wrong")
  expect(page).toContain("open a job to see it")
  const plain = asker(makeDashboard(queue))
  const keys = async (text: string) => [...text.matchAll(/error=([\w-]{22})/g)].map(([, key]) => key)
  const [hidden, open] = [await keys(page), await keys(await (await plain("/failures")).text())]
  expect(hidden).toHaveLength(2)
  expect(hidden.filter((key) => open.includes(key))).toEqual([])
})

test("reads no payload and no job whole for it", async () => {
  const queue = await installQueue()
  await fail(queue, "sync", 3, "hold", () => "gone")
  const driver = countingDriver(queue.driver)
  const page = await asker(makeDashboard(queue, {}, driver))("/failures")
  expect(page.status).toBe(200)
  expect(new Set(driver.statements)).toEqual(new Set(["list_recent_failures", "read_rollups"]))
})

async function fail(
  queue: TestQueue,
  entrypoint: string,
  count: number,
  onFailure: "hold" | "exception",
  message: (n: number) => string,
): Promise<void> {
  await queue.queries.enqueueMany(Array.from({ length: count }, (_, n) => ({ entrypoint, payload: n })))
  const worker = queue.worker()
  worker.pgq.entrypoint(
    entrypoint,
    ({ payload }) => {
      throw new Error(message(payload as number))
    },
    { onFailure },
  )
  await worker.drain()
}
