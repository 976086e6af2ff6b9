import { expect, it } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { PostgresRollupUpkeepStore } from "../../src/adapters/postgres/postgres-rollup-upkeep-store.js"
import { Statements } from "../../src/adapters/postgres/statement.js"
import { startCuttingProxy } from "../support/cutting-proxy.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"
import { startWorkerProcess, type WorkerProcessOptions } from "../support/worker-process.js"

const merges = ["pgq_merge_rollups_"]

it("counts each end once when workers are killed in the middle, whoever of them was summing up", async () => {
  const queue = await installQueue()
  const jobs = 3_000
  await queue.queries.enqueueMany(Array.from({ length: jobs }, () => ({ entrypoint: "sleep", payload: 5 })))
  for (const share of [0.2, 0.4, 0.6, 0.8]) {
    const worker = await spawn(queue, { entrypoints: ["sleep"], options: { heartbeatTimeout: "1s" } })
    await queue.ended(jobs * share, 60_000)
    worker.kill("SIGKILL")
    await worker.exited
    expect(await counted(queue)).toEqual(await recorded(queue))
  }
  await spawn(queue, { entrypoints: ["sleep"], options: { heartbeatTimeout: "1s" } })
  await queue.ended(jobs, 60_000)
  expect(await counted(queue)).toEqual({ "sleep successful": jobs })
}, 180_000)

it("counts each end in a handler's own transaction once when workers are killed at any step of it", async () => {
  const queue = await installQueue()
  await queue.pool.query(`create table ${queue.schema}.written (job_id bigint)`)
  const jobs = 300
  await queue.queries.enqueueMany(Array.from({ length: jobs }, () => ({ entrypoint: "write" })))
  for (const ended of [50, 120, 200]) {
    const worker = await spawn(queue, { entrypoints: ["write"], options: { heartbeatTimeout: "1s" } })
    await queue.ended(ended, 60_000)
    worker.kill("SIGKILL")
    await worker.exited
  }
  await spawn(queue, { entrypoints: ["write"], options: { heartbeatTimeout: "1s" } })
  await queue.ended(jobs, 60_000)
  await eventually(async () => (await queue.sql("select from pgqueuer.claim")).length === 0)
  expect(await counted(queue)).toEqual({ "write successful": jobs })
}, 180_000)

it("counts an end that came too late once, where the job was run again", async () => {
  const queue = await installQueue()
  const blocked = await spawn(queue, { entrypoints: ["block"], options: { heartbeatTimeout: "2s" } })
  await queue.queries.enqueue("block", 6_000)
  await eventually(() => blocked.started.length === 1)
  await spawn(queue, { entrypoints: ["block"], options: { heartbeatTimeout: "2s", neverBlocks: true } })
  await queue.ended(1)
  await eventually(() => blocked.finished.length === 1 && blocked.logged.some((line) => line.includes("started again")))
  expect(await counted(queue)).toEqual({ "block successful": 1 })
  expect(await queue.queries.totals()).toMatchObject([{ rescued: 1, runs: { count: 1 } }])
}, 60_000)

it("counts each end once when replies are lost after their COMMIT, also with cancellations among them", async () => {
  const queue = await installQueue()
  const proxy = await startCuttingProxy(queue.database.url)
  const pool = queue.database.pool({ connectionString: proxy.url, max: 6 })
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 50 }, new PgPoolDriver(pool))
  pgq.entrypoint("a", async ({ payload }, { signal }) => {
    await new Promise((resolve) => {
      setTimeout(resolve, 10)
      signal.addEventListener("abort", resolve)
    })
    if (payload === "bad") throw new Error("bad")
  })
  pgq.entrypoint("held", () => Promise.reject(new Error("held")), { onFailure: "hold" })
  start()
  proxy.cutEvery(4)
  let enqueued = 0
  while (proxy.cuts < 20) {
    const ids = await queue.queries.enqueueMany(
      Array.from({ length: 100 }, (_, n) => ({
        entrypoint: n % 10 === 0 ? "held" : "a",
        payload: n % 7 === 0 ? "bad" : "good",
      })),
    )
    enqueued += ids.length
    await queue.queries.cancel(ids.filter((_, n) => n % 5 === 1))
    await eventually(async () => (await unfinished(queue)) < 100, 60_000)
  }
  proxy.cutEvery(Number.POSITIVE_INFINITY)
  await eventually(async () => (await unfinished(queue)) === 0, 60_000)
  const ends = await recorded(queue)
  expect(Object.values(ends).reduce((sum, count) => sum + count)).toBe(enqueued)
  expect(await counted(queue)).toEqual(ends)
}, 180_000)

it("adds an entry once when the reply to a merge is lost after its COMMIT", async () => {
  const queue = await installQueue()
  const proxy = await startCuttingProxy(queue.database.url, merges)
  const placement = { schema: queue.schema, prefix: queue.prefix }
  const driver = new PgPoolDriver(queue.database.pool({ connectionString: proxy.url, max: 2 }))
  const store = new PostgresRollupUpkeepStore(driver, new Statements(placement), placement)
  proxy.cutEvery(2)
  for (let merge = 1; merge <= 10; merge++) {
    await queue.sql(`
      insert into pgqueuer.rollup_entry (entrypoint, minute, successful, run_ms, run_buckets, run_counts)
      select 'a', date_trunc('minute', now()), 1, 2, '{4}', '{1}' from generate_series(1, 10)`)
    await store.mergeRollups(0, 1_000, true).catch(() => {})
    const [total] = await queue.queries.totals()
    expect(total).toMatchObject({ ended: { successful: merge * 10 }, runs: { count: merge * 10, sum: merge * 20 } })
  }
  expect(proxy.cuts).toBe(5)
}, 60_000)

it("counts and sums up while another session holds a snapshot, and shows that session what it saw", async () => {
  const queue = await installQueue()
  const reader = await queue.pool.connect()
  try {
    await drainSome(queue, 500)
    await reader.query("begin isolation level repeatable read")
    const sums = `
      select
        (select coalesce(sum(successful), 0)::int from "${queue.schema}".rollup_entry)
        + (select coalesce(sum(successful), 0)::int from "${queue.schema}".rollup where span = 'ever' and entrypoint <> '') as count`
    expect((await reader.query(sums)).rows).toEqual([{ count: 500 }])
    for (let round = 1; round <= 5; round++) {
      await drainSome(queue, 500)
      await upkeepOf(queue).mergeRollups(0, 10_000, true)
      expect(await counted(queue)).toEqual({ "a successful": 500 + round * 500 })
      expect((await reader.query(sums)).rows).toEqual([{ count: 500 }])
    }
    await reader.query("commit")
  } finally {
    reader.release()
  }
}, 60_000)

function spawn(queue: TestQueue, settings: Omit<WorkerProcessOptions, "url">) {
  const options = { ...settings.options, schema: queue.schema, prefix: queue.prefix }
  return startWorkerProcess({ ...settings, options, url: queue.database.url })
}

function upkeepOf({ pool, schema, prefix }: TestQueue): PostgresRollupUpkeepStore {
  const placement = { schema, prefix }
  return new PostgresRollupUpkeepStore(new PgPoolDriver(pool), new Statements(placement), placement)
}

async function drainSome(queue: TestQueue, jobs: number): Promise<void> {
  await queue.queries.enqueueMany(Array.from({ length: jobs }, () => ({ entrypoint: "a" })))
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", () => {})
  await drain()
}

async function unfinished(queue: TestQueue): Promise<number> {
  const sizes = await queue.queries.queueSize()
  return sizes.reduce((sum, { status, count }) => (status === "failed" ? sum : sum + count), 0)
}

/** What the rollups say, read in the same way as for an exporter. */
async function counted(queue: TestQueue): Promise<Record<string, number>> {
  const totals = await queue.queries.totals()
  const counts = totals.flatMap(({ entrypoint, ended }) =>
    Object.entries(ended).map(([status, count]) => [`${entrypoint} ${status}`, count] as const),
  )
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

/** What the history says. */
async function recorded(queue: TestQueue): Promise<Record<string, number>> {
  const rows = await queue.sql<{ name: string; count: number }>(`
    select entrypoint || ' ' || status as name, count(*)::int as count from pgqueuer.outcome group by 1
    union all
    select entrypoint || ' failed', count(*)::int from pgqueuer.held group by 1`)
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]))
}
