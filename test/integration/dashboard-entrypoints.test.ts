import { expect, test } from "vitest"
import { PostgresRollupStore } from "../../src/adapters/postgres/postgres-rollup-store.js"
import { Statements } from "../../src/adapters/postgres/statement.js"
import { readEnds } from "../../src/app/rollups/history.js"
import type { Role } from "../../src/dashboard/index.js"
import { type AskOptions, formToken, installDashboard, type TestDashboard } from "../support/dashboard.js"

const hostile = `<img src=x onerror="alert(1)">`

test.each(["mail", "wysyłka/poczty ?&#%20", "Почта + 郵件 📬", hostile, "a".repeat(255), "…"])(
  "shows the entrypoint %j on a page of its own, with its jobs, limits, workers and failures",
  async (name) => {
    const { ask, queue } = await installDashboard({ redact: ["secret"] })
    const { pgq, start } = queue.worker()
    pgq.entrypoint(
      name,
      (job) => {
        throw new Error(`the account ${(job.payload as { secret: string }).secret} is gone`)
      },
      { concurrencyLimit: 4 },
    )
    const { stop } = start()
    const [id] = await queue.queries.enqueue(name, { secret: "hunter2" })
    await queue.ended(1)
    await queue.queries.enqueue(name, { secret: "x" }, { executeAfter: "1h" })
    const list = await (await ask("/entrypoints")).text()
    const path = `/entrypoints/${encodeURIComponent(name)}`
    expect(list).toContain(`href="${path}"`)
    const page = await (await ask(`${path}?last=5m`)).text()
    expect(page).not.toContain(hostile)
    expect(page).toContain("0 of 4 in use")
    expect(page).toContain(`href="/jobs/${id}"`)
    expect(page).toMatch(/the account [^<]* is gone/)
    expect(page).not.toContain("hunter2")
    expect(page).toContain("deferred 1")
    const jobs = `/jobs?${new URLSearchParams({ entrypoint: name, status: "deferred" })}`
    expect(page).toContain(`href="${jobs.replaceAll("&", "&amp;")}"`)
    expect((await ask(jobs)).status).toBe(200)
    expect(page).toContain(`<h2 id="workers-title">Workers that know it</h2><div class="scroll"`)
    await stop()
  },
)

test("says of an entrypoint that nothing is known of it, and of what can be no name that it is not there", async () => {
  const { ask } = await installDashboard()
  const unknown = await ask("/entrypoints/none")
  expect(unknown.status).toBe(200)
  expect(await unknown.text()).toContain("Nothing is known of none")
  for (const path of ["/entrypoints/a%00b", `/entrypoints/${"a".repeat(256)}`])
    expect((await ask(path)).status).toBe(404)
})

test("pauses and resumes an entrypoint from its page, and comes back to it", async () => {
  const dashboard = await installDashboard({ write: true })
  const { ask, queue } = dashboard
  await queue.queries.enqueue("mail/ø")
  const path = "/entrypoints/mail%2F%C3%B8"
  for (const [verb, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    const response = await post(dashboard, `${path}/${verb}`, { back: "page" })
    expect([response.status, response.headers.get("location")]).toEqual([303, path])
    expect(await queue.queries.limits()).toMatchObject([{ entrypoint: "mail/ø", paused }])
  }
  expect(await (await ask("/audit")).text()).toContain("mail/ø")
})

test("changes limits as pgq limits does: a number, none, or what the code says", async () => {
  const dashboard = await installDashboard({ write: true })
  const { ask, queue } = dashboard
  await queue.queries.setLimits("mail", { requestsPerSecond: 9 })
  const path = "/entrypoints/mail/limits"
  const form = { concurrency: "number", "concurrency-number": " 12 ", rate: "none", "rate-number": "" }
  const response = await post(dashboard, path, form)
  expect([response.status, response.headers.get("location")]).toEqual([303, "/entrypoints/mail"])
  expect(await queue.queries.limits()).toMatchObject([
    { concurrencyLimit: { set: 12, effective: 12 }, requestsPerSecond: { set: null, effective: null } },
  ])
  const page = await (await ask(path, { as: "admin" })).text()
  expect(page).toMatch(/name="concurrency" value="number" checked/)
  expect(page).toContain('value="12"')
  expect(page).toMatch(/name="rate" value="none" checked/)
  await post(dashboard, path, { concurrency: "code", rate: "number", "rate-number": "0.5" })
  expect(await queue.queries.limits()).toMatchObject([
    { concurrencyLimit: { effective: null }, requestsPerSecond: { set: 0.5, effective: 0.5 } },
  ])
  expect((await queue.queries.limits())[0]!.concurrencyLimit).not.toHaveProperty("set")
  expect(await queue.sql("select action, target, done, result from pgqueuer.audit order by id desc limit 1")).toEqual([
    {
      action: "change limits",
      target: "mail",
      done: true,
      result: "mail: concurrency without limit as the code says, rate 0.5 by hand.",
    },
  ])
})

test.each([
  ["concurrency-number", "0"],
  ["concurrency-number", "1.5"],
  ["concurrency-number", "1000001"],
  ["concurrency-number", ""],
  ["rate-number", "fast"],
  ["rate-number", "0"],
  ["rate-number", "-1"],
  ["rate-number", "1e9"],
  ["rate-number", hostile],
] as const)("refuses %s %j, says so at the field, and shows the form as it was sent", async (field, value) => {
  const dashboard = await installDashboard({ write: true })
  const form = { concurrency: "number", "concurrency-number": "3", rate: "number", "rate-number": "7", [field]: value }
  const response = await post(dashboard, "/entrypoints/mail/limits", form)
  const location = response.headers.get("location")!
  expect(location).toMatch(/^\/entrypoints\/mail\/limits\?/)
  expect(await dashboard.queue.queries.limits()).toEqual([])
  const page = await (await dashboard.ask(location, { as: "admin" })).text()
  expect(page.match(/class="problem"/g)).toHaveLength(1)
  expect(page).toContain(`aria-describedby="${field.replace("-number", "-problem")}"`)
  expect(page).toContain(field === "rate-number" ? 'value="3"' : 'value="7"')
  expect(page).not.toContain(hostile)
  expect(await dashboard.queue.sql("select done from pgqueuer.audit")).toEqual([{ done: false }])
})

test("refuses a form for limits that is not whole", async () => {
  const dashboard = await installDashboard({ write: true })
  const response = await post(dashboard, "/entrypoints/mail/limits", { concurrency: "none" })
  expect(response.status).toBe(303)
  expect(await dashboard.queue.queries.limits()).toEqual([])
})

test("pages through many entrypoints, the busiest first, and finds them by letters of their names", async () => {
  const { ask, queue } = await installDashboard()
  const names = Array.from({ length: 120 }, (_, n) => `tenant-${String(n).padStart(3, "0")}`)
  await queue.queries.enqueueMany([...names, "tenant-077", "Ünique.Sync"].map((entrypoint) => ({ entrypoint })))
  const shown = async (path: string) =>
    [...(await (await ask(path)).text()).matchAll(/data-open="">([^<]+)</g)].map(([, name]) => name)
  const pages = await Promise.all([1, 2, 3].map((page) => shown(`/entrypoints?page=${page}`)))
  expect(pages.map(({ length }) => length)).toEqual([50, 50, 21])
  expect(pages[0]![0]).toBe("tenant-077")
  expect(new Set(pages.flat()).size).toBe(121)
  expect(await shown("/entrypoints?page=99")).toEqual(pages[2])
  expect(await shown("/entrypoints?page=x")).toEqual(pages[0])
  expect(await shown("/entrypoints?search=NIQUE.s")).toEqual(["Ünique.Sync"])
  expect(await shown(`/entrypoints?search=${encodeURIComponent(hostile)}`)).toEqual([])
  expect(await (await ask(`/entrypoints?search=${encodeURIComponent(hostile)}`)).text()).not.toContain(hostile)
})

async function post(
  { ask }: TestDashboard,
  path: string,
  form: Readonly<Record<string, string>>,
  as: Role = "admin",
): Promise<Response> {
  const options: AskOptions = { as }
  const token = await formToken(ask, "/entrypoints/any/limits", options)
  return ask(path, { ...options, form: { token, ...form } })
}

test.each(["1h", "24h", "30d"] as const)("counts ends of the last %s as activity does, merged or not", async (last) => {
  const { queue } = await installDashboard()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  pgq.entrypoint("b", () => {
    throw new Error("no")
  })
  await queue.queries.enqueue(["a", "a", "b"])
  await drain()
  await queue.sql(
    `insert into pgqueuer.rollup (span, entrypoint, starts_at, successful, exception, failed, canceled, deleted, retried, rescued,
      run_ms, run_buckets, run_counts, wait_ms, wait_buckets, wait_counts)
    select span, 'a', date_trunc(span, now()), 5, 1, 2, 3, 4, 6, 7, 0, '{}', '{}', 0, '{}', '{}' from unnest(array['minute', 'hour', 'day']) as span`,
  )
  const store = new PostgresRollupStore(queue.driver, new Statements(queue))
  const byName = (all: readonly { readonly entrypoint: string }[]) =>
    [...all].sort((a, b) => (a.entrypoint < b.entrypoint ? -1 : 1))
  const activity = await queue.queries.activity({ last })
  expect(byName(await readEnds(store, last))).toEqual(
    byName(activity.map(({ entrypoint, ended, retried, rescued }) => ({ entrypoint, ended, retried, rescued }))),
  )
  expect(activity).toContainEqual(expect.objectContaining({ entrypoint: "a", rescued: 7 }))
})
