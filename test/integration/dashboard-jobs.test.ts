import { expect, test } from "vitest"
import { PostgresJobPageStore } from "../../src/adapters/postgres/postgres-job-page-store.js"
import { Statements } from "../../src/adapters/postgres/statement.js"
import { type Status, statuses } from "../../src/domain/status.js"
import type { JobPageRequest } from "../../src/ports/job-page-store.js"
import { formToken, installDashboard } from "../support/dashboard.js"
import { installQueue, type TestQueue } from "../support/queue.js"

const everything: JobPageRequest = {
  ...{ order: "newest", status: null, entrypoint: null, priority: null, worker: null },
  ...{ createdFrom: null, createdBefore: null, after: null, limit: 7, lookAtMost: 1_000 },
}

test("finds page by page exactly the jobs that match, whatever the filter and the order", async () => {
  const queue = await installQueue()
  await fill(queue)
  const store = new PostgresJobPageStore(queue.driver, new Statements(queue))
  const jobs = await queue.queries.jobs({ limit: 1_000 })
  expect(new Set(jobs.map(({ status }) => status)).size).toBeGreaterThanOrEqual(7)
  for (const order of ["newest", "oldest"] as const)
    for (const status of [null, ...statuses])
      for (const entrypoint of [null, "a", "b"])
        for (const priority of [null, 5]) {
          const request = { ...everything, order, status, entrypoint, priority }
          const expected = jobs.filter(
            (job) =>
              (status === null || job.status === status) &&
              (entrypoint === null || job.entrypoint === entrypoint) &&
              (priority === null || job.priority === priority),
          )
          const found = await allPages(store, request)
          const ids = expected.map(({ id }) => id)
          expect([...found].sort(), JSON.stringify(request)).toEqual(ids.sort())
          if (status !== "queued")
            expect(found).toEqual([...found].sort((a, b) => sign(order) * (Number(a) - Number(b))))
        }
})

test("finds by age, and by the worker that ran or runs a job", async () => {
  const queue = await installQueue()
  await fill(queue)
  const store = new PostgresJobPageStore(queue.driver, new Statements(queue))
  const jobs = await queue.queries.jobs({ limit: 1_000 })
  const middle = jobs[Math.floor(jobs.length / 2)]!.createdAt
  for (const status of [null, "queued", "successful", "canceled", "failed", "deferred"] as const) {
    const of = jobs.filter((job) => status === null || job.status === status)
    const younger = of.filter(({ createdAt }) => createdAt >= middle).map(({ id }) => id)
    expect([...(await allPages(store, { ...everything, status, createdFrom: middle }))].sort()).toEqual(younger.sort())
    const older = of.filter(({ createdAt }) => createdAt < middle).map(({ id }) => id)
    expect([...(await allPages(store, { ...everything, status, createdBefore: middle }))].sort()).toEqual(older.sort())
  }
  const worker = jobs.find(({ status }) => status === "successful")!.worker!.id
  const ran = jobs.filter((job) => job.worker?.id === worker && job.status !== "failed").map(({ id }) => id)
  expect([...(await allPages(store, { ...everything, worker }))].sort()).toEqual(ran.sort())
})

test("says how far it has looked when it gives up, and goes on from there", async () => {
  const queue = await installQueue()
  await queue.queries.enqueue("rare")
  await queue.queries.enqueueMany(Array.from({ length: 50 }, () => ({ entrypoint: "often" })))
  const store = new PostgresJobPageStore(queue.driver, new Statements(queue))
  const request = { ...everything, entrypoint: "rare", lookAtMost: 30 }
  const first = await store.findPage(request)
  expect(first).toEqual({ jobs: [], looked: 30, next: expect.any(String) })
  expect(await store.findPage({ ...request, after: first.next })).toMatchObject({ jobs: [{ id: "1" }], next: null })
})

test("finds each queued job once, however short its look at each line is", async () => {
  const queue = await installQueue()
  for (const [index, entrypoint] of ["a", "b", "a", "c", "b", "a", "a"].entries()) {
    const priority = index % 2
    await queue.queries.enqueueMany(Array.from({ length: 11 }, () => ({ entrypoint, priority })))
  }
  await queue.sql("update pgqueuer.job set created_at = created_at - interval '1 hour' where id % 7 = 0")
  const store = new PostgresJobPageStore(queue.driver, new Statements(queue))
  const jobs = await queue.queries.jobs({ limit: 1_000 })
  const before = new Date(Date.now() - 1_800_000)
  for (const order of ["newest", "oldest"] as const)
    for (const entrypoint of [null, "a"])
      for (const createdBefore of [null, before])
        for (const [limit, lookAtMost] of [
          [5, 1],
          [5, 12],
          [5, 40],
          [100, 20],
          [100, 1_000],
        ] as const) {
          const request = {
            ...everything,
            status: "queued",
            order,
            entrypoint,
            createdBefore,
            limit,
            lookAtMost,
          } as const
          const found = (await allPages(store, request)).map(Number)
          const expected = jobs
            .filter((job) => entrypoint === null || job.entrypoint === entrypoint)
            .filter(({ createdAt }) => createdBefore === null || createdAt < createdBefore)
            .map(({ id }) => Number(id))
          const inOrder = expected.sort((a, b) => sign(order) * (a - b))
          expect(found, JSON.stringify(request)).toEqual(inOrder)
        }
})

test("finds a text in payloads and errors, but none that is hidden", async () => {
  const { queue, ask } = await installDashboard({ redact: ["password"] })
  const [first] = await queue.queries.enqueue("a", { name: "Ann Miller", password: "needle" })
  const [second] = await queue.queries.enqueue("a", { password: "pin" })
  const worker = queue.worker()
  worker.pgq.entrypoint("a", (job) => {
    const { password } = job.payload as { password: string }
    throw new Error(`no account for ${password}`)
  })
  await worker.drain()
  const idsWith = async (text: string) => {
    const page = await (await ask(`/jobs?text=${encodeURIComponent(text)}`)).text()
    expect(/<tbody>.*<\/tbody>/s.exec(page)?.[0] ?? "").not.toContain("needle")
    return [...page.matchAll(/data-open="">(\d+)</g)].map(([, id]) => id)
  }
  expect(await idsWith("ann MILLER")).toEqual([first])
  expect(await idsWith("no account")).toEqual([second, first])
  expect(await idsWith("needle")).toEqual([])
  expect(await idsWith("%")).toEqual([])
})

test("shows what a job carries digit by digit as the database has it, without what is hidden", async () => {
  const { queue, ask } = await installDashboard({ redact: ["password"] })
  const payload = '{"id": 12345678901234567890, "rate": 1.10, "id": 9007199254740993, "password": 98765432109876543210}'
  await queue.sql(`select pgqueuer.enqueue('a', $1::json)`, [payload])
  const { id } = (await queue.queries.jobs())[0]!
  const textOf = async (path: string) =>
    (await (await ask(path)).text()).replace(/<[^>]+>/g, "").replaceAll("&quot;", '"')
  expect(await textOf("/jobs")).toContain(
    '{"id":12345678901234567890,"rate":1.10,"id":9007199254740993,"password":"[redacted]"}',
  )
  const whole =
    '{\n  "id": 12345678901234567890,\n  "rate": 1.10,\n  "id": 9007199254740993,\n  "password": "[redacted]"\n}'
  expect(await textOf(`/jobs/${id}`)).toContain(whole)
  expect(await textOf(`/jobs/${id}/payload`)).toBe(`${whole}\n`)
})

test("runs a job again as a copy of what is stored, digit by digit, and tells of one that is gone", async () => {
  const { queue, ask } = await installDashboard({ write: true })
  const payload = '{"id": 12345678901234567890, "rate": 1.10}'
  await queue.sql(
    `select pgqueuer.enqueue('a', $1::json, priority => 3, headers => '{"tenant": 7}', max_attempts => 4, timeout => '2s', dedupe_key => 'k')`,
    [payload],
  )
  const [id] = (await queue.queries.jobs()).map((job) => job.id)
  const token = await formToken(ask, `/jobs/${id}`, { as: "operator" })
  const again = (job: string) => ask(`/jobs/${job}/run-again`, { as: "operator", form: { token } })
  expect((await again(id!)).status).toBe(303)
  const [copy] = await queue.queries.jobs()
  expect(copy).toMatchObject({ entrypoint: "a", priority: 3, headers: { tenant: 7 }, maxAttempts: 4, timeoutMs: 2_000 })
  expect(copy).toMatchObject({ status: "queued", dedupeKey: null })
  expect(await queue.sql("select payload::text as payload from pgqueuer.job where id = $1", [copy!.id])).toEqual([
    { payload },
  ])
  await again("999")
  expect(await queue.queries.jobs()).toHaveLength(2)
  expect(await (await ask("/audit")).text()).toContain("no job has the id 999")
})

test("copies a job of bytes", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("a", new Uint8Array([0, 255, 7]))
  const copy = await new PostgresJobPageStore(queue.driver, new Statements(queue)).copy(id!)
  expect((await queue.queries.job(copy!))!.payload).toEqual(Buffer.from([0, 255, 7]))
})

test("shows the beginning of a long payload, and all of it where it is asked for", async () => {
  const { queue, ask } = await installDashboard({ redact: ["password"] })
  const words = Array.from({ length: 30_000 }, (_, n) => `word ${n}`)
  const [id] = await queue.queries.enqueue("a", { words, password: "secret" })
  const page = await (await ask(`/jobs/${id}`)).text()
  expect(page).toContain("The first 8,000 characters")
  expect(page.length).toBeLessThan(100_000)
  const whole = await (await ask(`/jobs/${id}/payload`)).text()
  expect(JSON.parse(whole)).toEqual({ words, password: "[redacted]" })
})

test("reads no filter that makes no sense, and never fails for one", async () => {
  const { ask } = await installDashboard()
  for (const query of [
    "status=x",
    "priority=high",
    "priority=99999999999",
    "worker=-1",
    "within=soon",
    "after=x",
    "text=%00",
  ])
    expect((await ask(`/jobs?${query}`)).status, query).toBe(200)
})

async function allPages(store: PostgresJobPageStore, request: JobPageRequest): Promise<readonly string[]> {
  const ids: string[] = []
  let after = request.after
  for (;;) {
    const { jobs, next } = await store.findPage({ ...request, after })
    ids.push(...jobs.map(({ id }) => id))
    if (next === null) return ids
    after = next
  }
}

function sign(order: "newest" | "oldest"): number {
  return order === "newest" ? -1 : 1
}

/** Jobs of every status but picked, of two entrypoints and priorities. */
async function fill(queue: TestQueue): Promise<void> {
  const { queries } = queue
  const some = (entrypoint: string, count: number) =>
    queries.enqueueMany(
      Array.from({ length: count }, (_, n) => ({ entrypoint, payload: { n }, priority: n % 3 === 0 ? 5 : 0 })),
    )
  const ids = [...(await some("a", 20)), ...(await some("b", 20))]
  await queries.cancel(ids.slice(0, 4))
  await queries.delete(ids.slice(36))
  const worker = queue.worker()
  worker.pgq.entrypoint("a", ({ payload }) => {
    if ((payload as { n: number }).n % 4 === 0) throw new Error("bad")
  })
  worker.pgq.entrypoint(
    "b",
    ({ payload }) => {
      if ((payload as { n: number }).n % 5 === 0) throw new Error("held")
    },
    { onFailure: "hold" },
  )
  await worker.drain()
  await Promise.all(["a", "b"].map((name) => queries.enqueue(name, 1, { executeAfter: "1h", priority: 5 })))
  for (const name of ["a", "b", "a"]) await some(name, 10)
  const moved: readonly Status[] = (await queries.requeue((await queries.jobs({ status: "failed" }))[0]!.id)).flatMap(
    ({ status }) => (status === "unknown" ? [] : [status]),
  )
  expect(moved).toEqual(["queued"])
}
