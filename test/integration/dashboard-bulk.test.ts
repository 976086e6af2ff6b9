import { describe, expect, test } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import type { Driver } from "../../src/ports/driver.js"
import { type Ask, asker, installDashboard, makeDashboard } from "../support/dashboard.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"
import { startSwitchedProxy } from "../support/switched-proxy.js"

test("shows how many jobs it would hit and some of them, and then hits these and none that came later", async () => {
  const { queue, ask } = await installDashboard({ write: true })
  await enqueue(queue, "fetch", 2_500)
  await enqueue(queue, "mail", 30)
  const page = await openConfirmation(ask, "action=cancel&entrypoint=fetch")
  expect(page.html).toContain("Cancel 2,500 jobs")
  expect(page.html.match(/data-row=""/g)).toHaveLength(10)
  await enqueue(queue, "fetch", 7)
  const end = await confirm(ask, page)
  expect(end).toContain("2,500 of 2,500 jobs")
  expect(await counts(queue)).toEqual({ "fetch canceled": 2_500, "fetch queued": 7, "mail queued": 30 })
  expect(await queue.sql("select person, role, action, target, done, result from pgqueuer.audit")).toEqual([
    {
      ...{ person: "the operator", role: "operator", action: "cancel jobs", target: "jobs of fetch: 2,500 jobs" },
      ...{ done: true, result: "2,500 canceled." },
    },
  ])
})

describe("every filter holds", () => {
  const filters: readonly [query: string, hit: (job: Known) => boolean][] = [
    ["", () => true],
    ["status=queued", ({ status }) => status === "queued"],
    ["status=deferred", ({ status }) => status === "deferred"],
    ["status=failed", ({ status }) => status === "failed"],
    ["entrypoint=b", ({ entrypoint }) => entrypoint === "b"],
    ["priority=5", ({ priority }) => priority === 5],
    [
      "entrypoint=a&priority=5&status=queued",
      (job) => job.entrypoint === "a" && job.priority === 5 && job.status === "queued",
    ],
    ["before=30m", ({ old }) => old],
    ["within=30m", ({ old }) => !old],
    ["text=NEEDLE", ({ needle }) => needle],
    ["text=needle&before=30m", ({ needle, old }) => needle && old],
    ["worker=1", ({ status }) => status === "failed"],
  ]
  test.each(filters)("for a delete of %j", async (query, hit) => {
    const { queue, ask } = await installDashboard({ write: true })
    const jobs = await fill(queue)
    const reach = (job: Known) => ["queued", "deferred", "failed"].includes(job.status)
    const expected = jobs.filter((job) => reach(job) && hit(job))
    const page = await openConfirmation(ask, `action=delete&${query}`)
    expect(page.html).toContain(`Delete ${expected.length} jobs`)
    await confirm(ask, page)
    const deleted = (await queue.queries.jobs({ status: "deleted", limit: 1_000 })).map(({ id }) => id)
    expect(deleted.sort()).toEqual(expected.map(({ id }) => id).sort())
  })
})

test("asks those to stop that run, and says of each that it refused where it stood", async () => {
  const { queue, ask } = await installDashboard({ write: true })
  const worker = queue.worker()
  const started: string[] = []
  worker.pgq.entrypoint("slow", async (job, { signal }) => {
    started.push(job.id)
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  })
  await enqueue(queue, "slow", 3)
  await queue.queries.enqueue("slow", null, { executeAfter: "1h" })
  const running = worker.start()
  await eventually(() => started.length === 3)
  const page = await openConfirmation(ask, "action=cancel")
  const later = (await queue.queries.jobs({ status: "deferred" }))[0]!.id
  expect(await confirm(ask, page)).toMatch(/canceled<\/dt>.*1.*asked to stop<\/dt>.*3/s)
  await eventually(async () => (await queue.queries.jobs({ status: "canceled" })).length === 4)
  expect((await queue.queries.job(later))!.status).toBe("canceled")
  await running.stop()
})

test("cancels a job, too, that its worker puts back while others are being canceled", async () => {
  const queue = await installQueue()
  const [running] = await queue.queries.enqueue("slow")
  const worker = queue.worker()
  const fails = deferred()
  worker.pgq.entrypoint("slow", async () => {
    await fails.promise
    throw new RetryRequested({ delay: "1h" })
  })
  const { stop } = worker.start()
  await eventually(async () => (await queue.queries.job(running!))!.status === "picked")
  await enqueue(queue, "fetch", 1)
  const driver = afterTransactions(queue.driver, 1, async () => {
    fails.resolve()
    await eventually(async () => (await queue.queries.job(running!))!.status === "deferred")
  })
  const ask = asker(makeDashboard(queue, { write: true }, driver))
  const page = await openConfirmation(ask, "action=cancel")
  expect(page.html).toContain("Cancel 2 jobs")
  expect(await confirm(ask, page)).toMatch(/canceled<\/dt>.*2/s)
  expect((await queue.queries.job(running!))!.status).toBe("canceled")
  await stop()
})

test("requeues held jobs by the kind of their error, whatever the numbers in it", async () => {
  const { queue, ask } = await installDashboard({ write: true })
  await hold(queue, 40)
  const failures = await (await ask("/failures", { as: "operator" })).text()
  const link = /href="\/bulk\?([^"]+)"[^>]*held with Error: no account #"/.exec(failures)?.[1] ?? ""
  const page = await openConfirmation(ask, link.replaceAll("&amp;", "&"))
  expect(page.html).toContain("Requeue 20 jobs")
  expect(await confirm(ask, page)).toMatch(/back in line<\/dt>.*20/s)
  const requeued = await queue.queries.jobs({ status: "queued" })
  expect(requeued.every(({ payload }) => (payload as { n: number }).n % 2 === 0)).toBe(true)
})

test("hits no job for a text that is hidden, nor for one that only its hidden fields have", async () => {
  const { queue, ask } = await installDashboard({ write: true, redact: ["password"] })
  await queue.queries.enqueue("a", { password: "needle", name: "Ann" })
  const [shown] = await queue.queries.enqueue("a", { name: "needle" })
  const page = await openConfirmation(ask, "action=cancel&text=needle")
  expect(page.html).toContain("Cancel 1 job")
  await confirm(ask, page)
  expect((await queue.queries.jobs({ status: "canceled" })).map(({ id }) => id)).toEqual([shown])
})

test("lets two run over the same jobs at once, each job being done by one of them", async () => {
  const { queue, ask } = await installDashboard({ write: true })
  await enqueue(queue, "fetch", 6_000)
  await queue.queries.enqueueMany(
    Array.from({ length: 2_000 }, () => ({ entrypoint: "fetch", executeAfter: "1h" as const })),
  )
  const both = [await openConfirmation(ask, "action=cancel"), await openConfirmation(ask, "action=delete")]
  const ends = await Promise.all(both.map((page) => confirm(ask, page)))
  for (const end of ends) expect(end).toContain("Done")
  const ended = await counts(queue)
  expect((ended["fetch canceled"] ?? 0) + (ended["fetch deleted"] ?? 0)).toBe(8_000)
  const results = await queue.sql<{ result: string }>("select result from pgqueuer.audit")
  const done = results.map(({ result }) =>
    Number((/^([\d,]+) (?:canceled|deleted)/.exec(result)?.[1] ?? "0").replace(",", "")),
  )
  expect(done.reduce((sum, count) => sum + count, 0)).toBe(8_000)
})

test("says how far it came when the database goes away in the middle, and records it when that is back", async () => {
  const queue = await installQueue()
  await enqueue(queue, "fetch", 5_000)
  const proxy = await startSwitchedProxy(queue.database.url)
  const through = new PgPoolDriver(queue.database.pool({ connectionString: proxy.url }))
  const dashboard = makeDashboard(
    queue,
    { write: true },
    afterTransactions(through, 2, () => proxy.switch("closed")),
  )
  const ask = asker(dashboard)
  const started = await start(ask, await openConfirmation(ask, "action=cancel"))
  const page = await endOf(ask, started)
  expect(page).toContain("Stopped before its end")
  expect(page).toContain("2,000 of 5,000 jobs")
  expect(await counts(queue)).toEqual({ "fetch canceled": 2_000, "fetch queued": 3_000 })
  proxy.switch("open")
  await eventually(async () => {
    const [row] = await queue.sql<{ done: boolean | null; result: string }>("select done, result from pgqueuer.audit")
    return row!.done === false && /^2,000 canceled\. Stopped before its end: /.test(row!.result)
  })
  expect(await confirm(ask, await openConfirmation(ask, "action=cancel"))).toContain("3,000 of 3,000 jobs")
})

test("is stopped by a person after the batch that it is at, and by the end of the dashboard", async () => {
  for (const how of ["person", "close"] as const) {
    const queue = await installQueue()
    await enqueue(queue, "fetch", 4_000)
    let stop = async () => {}
    const driver = afterTransactions(queue.driver, 1, () => stop())
    const dashboard = makeDashboard(queue, { write: true }, driver)
    const ask = asker(dashboard)
    const page = await openConfirmation(ask, "action=cancel")
    stop = async () => {
      if (how === "close") return void dashboard.close()
      const [row] = await queue.sql<{ id: string }>("select id::text as id from pgqueuer.audit")
      const response = await ask(`/bulk/${row!.id}/stop`, { as: "operator", form: { token: page.token } })
      expect(response.headers.get("location")).toBe(`/bulk/${row!.id}`)
    }
    const end = await endOf(ask, await start(ask, page))
    expect(end).toContain("1,000 of 4,000 jobs")
    expect(end).toContain(how === "person" ? "somebody stopped it" : "the dashboard was closed")
    expect(await counts(queue)).toEqual({ "fetch canceled": 1_000, "fetch queued": 3_000 })
  }
})

test("shows another process of the dashboard what is recorded of it", async () => {
  const { queue, ask } = await installDashboard({ write: true })
  await enqueue(queue, "fetch", 10)
  const other = asker(makeDashboard(queue))
  const path = await start(ask, await openConfirmation(ask, "action=cancel"))
  await endOf(ask, path)
  await eventually(async () => (await (await other(path)).text()).includes("10 canceled."))
  expect((await other("/bulk/999")).status).toBe(404)
  await queue.sql("update pgqueuer.audit set done = null, finished_at = null, result = 'So far: 4 canceled.'")
  const page = await (await other(path)).text()
  expect(page).toContain("Under way elsewhere, or broken off")
  expect(page).toContain("So far: 4 canceled.")
})

test("offers what can be done where the jobs stand, to those who may", async () => {
  const { ask, queue } = await installDashboard({ write: true })
  await enqueue(queue, "fetch", 1)
  const offered = async (query: string, as: "viewer" | "operator") => {
    const page = await (await ask(`/jobs?${query}`, { as })).text()
    return [...page.matchAll(/href="\/bulk\?[^"]*action=(\w+)/g)].map(([, action]) => action)
  }
  expect(await offered("", "operator")).toEqual(["cancel", "requeue", "delete"])
  expect(await offered("status=failed", "operator")).toEqual(["requeue", "delete"])
  expect(await offered("status=picked", "operator")).toEqual(["cancel"])
  expect(await offered("status=successful", "operator")).toEqual([])
  expect(await offered("", "viewer")).toEqual([])
  expect((await ask("/bulk?action=cancel", { as: "viewer" })).status).toBe(403)
  const readOnly = asker(makeDashboard(queue))
  expect(await (await readOnly("/bulk?action=cancel", { as: "admin" })).text()).toContain("read-only")
})

test("does nothing for a form that no page of it could have sent", async () => {
  const { ask, queue } = await installDashboard({ write: true })
  await enqueue(queue, "fetch", 1)
  const { token, fields } = await openConfirmation(ask, "action=cancel")
  for (const wrong of [
    { action: "explode" },
    { upTo: "x" },
    { upTo: "" },
    { at: "soon" },
    { at: String(Date.now() + 60_000) },
    { at: "1" },
  ]) {
    const response = await ask("/bulk", { as: "operator", form: { ...fields, ...wrong, token } })
    expect(response.headers.get("location"), JSON.stringify(wrong)).toBe("/jobs")
  }
  expect(await counts(queue)).toEqual({ "fetch queued": 1 })
  expect(await queue.sql("select from pgqueuer.audit")).toEqual([])
})

interface Confirmation {
  readonly html: string
  readonly token: string
  readonly fields: Readonly<Record<string, string>>
}

async function openConfirmation(ask: Ask, query: string): Promise<Confirmation> {
  const response = await ask(`/bulk?${query}`, { as: "operator" })
  expect(response.status).toBe(200)
  const html = await response.text()
  const inputs = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  const fields = Object.fromEntries(inputs.map(([, name, value]) => [name, value]))
  return { html, token: fields["token"] ?? "", fields }
}

/** Answers with the path of the page that says how far it is. */
async function start(ask: Ask, { fields }: Confirmation): Promise<string> {
  const response = await ask("/bulk", { as: "operator", form: fields })
  const path = response.headers.get("location") ?? ""
  expect(path).toMatch(/^\/bulk\/\d+$/)
  return path
}

async function endOf(ask: Ask, path: string): Promise<string> {
  let html = ""
  await eventually(async () => {
    html = await (await ask(path, { as: "operator" })).text()
    return !html.includes("Under way")
  })
  return html
}

async function confirm(ask: Ask, page: Confirmation): Promise<string> {
  return endOf(ask, await start(ask, page))
}

async function enqueue(queue: TestQueue, entrypoint: string, count: number): Promise<void> {
  await queue.queries.enqueueMany(Array.from({ length: count }, (_, n) => ({ entrypoint, payload: { n } })))
}

/** Held jobs, half of which failed in one way and half in another. */
async function hold(queue: TestQueue, count: number): Promise<void> {
  await enqueue(queue, "sync", count)
  const worker = queue.worker()
  worker.pgq.entrypoint(
    "sync",
    ({ payload }) => {
      const { n } = payload as { n: number }
      throw new Error(n % 2 === 0 ? `no account ${n}` : `account ${n} is closed`)
    },
    { onFailure: "hold" },
  )
  await worker.drain()
}

/** Does something when so many transactions are over, before the next one. */
function afterTransactions(driver: Driver, count: number, then: () => unknown): Driver {
  let over = 0
  return {
    label: driver.label,
    features: driver.features,
    query: (...args) => driver.query(...args),
    session: () => driver.session(),
    listen: (...args) => driver.listen(...args),
    async transaction(work) {
      const result = await driver.transaction(work)
      if (++over === count) await then()
      return result
    },
  }
}

async function counts(queue: TestQueue): Promise<Readonly<Record<string, number>>> {
  const rows = await queue.sql<{ entrypoint: string; status: string; count: number }>(
    "select entrypoint, status, count(*)::int as count from pgqueuer.job_status group by 1, 2",
  )
  return Object.fromEntries(rows.map(({ entrypoint, status, count }) => [`${entrypoint} ${status}`, count]))
}

interface Known {
  readonly id: string
  readonly status: string
  readonly entrypoint: string
  readonly priority: number
  readonly old: boolean
  readonly needle: boolean
}

/** Jobs that are queued, deferred, held and ended, young and old, with and without a word. */
async function fill(queue: TestQueue): Promise<readonly Known[]> {
  const some = (entrypoint: string) =>
    queue.queries.enqueueMany(
      Array.from({ length: 24 }, (_, n) => ({
        entrypoint,
        payload: n % 4 === 0 ? { word: "a needle" } : { n },
        priority: n % 3 === 0 ? 5 : 0,
        ...(n % 5 === 0 ? { executeAfter: "1h" as const } : {}),
      })),
    )
  await queue.queries.enqueue("done", 1)
  await some("a")
  const worker = queue.worker()
  worker.pgq.entrypoint("done", () => 1)
  worker.pgq.entrypoint(
    "a",
    () => {
      throw new Error("held")
    },
    { onFailure: "hold" },
  )
  await worker.drain()
  await some("a")
  await some("b")
  await queue.sql("update pgqueuer.job set created_at = created_at - interval '1 hour' where id % 2 = 0")
  const jobs = await queue.queries.jobs({ limit: 1_000 })
  return jobs.map(({ id, status, entrypoint, priority, payload }) => {
    const needle = JSON.stringify(payload ?? null).includes("needle")
    return { id, status, entrypoint, priority, old: Number(id) % 2 === 0, needle }
  })
}
