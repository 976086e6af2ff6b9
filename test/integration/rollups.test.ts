import fc from "fast-check"
import { expect, it } from "vitest"
import { PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { PostgresRollupUpkeepStore } from "../../src/adapters/postgres/postgres-rollup-upkeep-store.js"
import { render, Statements } from "../../src/adapters/postgres/statement.js"
import type { EntrypointActivity } from "../../src/app/rollups/history.js"
import { rollupAges } from "../../src/app/worker/rollup-upkeep.js"
import { type Histogram, mergeHistograms } from "../../src/domain/histogram.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { Queries } from "../../src/queries.js"
import { genericPlan } from "../support/plan.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

it("counts how jobs ended, how long they ran and how long they waited, in the transaction of their ends", async () => {
  const queue = await installQueue()
  await queue.queries.enqueue(["a", "a", "b"], ["good", "bad", "good"])
  const { pgq, drain } = queue.worker()
  for (const name of ["a", "b"]) {
    pgq.entrypoint(name, async ({ payload }) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (payload === "bad") throw new Error("bad")
    })
  }
  await drain()
  const [a, b] = await queue.queries.activity()
  expect(a).toMatchObject({
    entrypoint: "a",
    ended: { successful: 1, exception: 1 },
    run: { count: 2 },
    wait: { count: 2 },
  })
  expect(b).toMatchObject({
    entrypoint: "b",
    ended: { successful: 1, exception: 0 },
    run: { count: 1 },
    wait: { count: 1 },
  })
  expect(a!.run.p50Ms).toBeGreaterThan(15)
  expect(a!.run.meanMs).toBeGreaterThan(19)
  expect(a!.wait.p50Ms).toBeGreaterThan(0)
})

it("measures the wait from when a job could start, and only of first attempts", async () => {
  const queue = await installQueue()
  await queue.queries.enqueue("late", 1, { executeAfter: "300ms" })
  await queue.queries.enqueue("again", 1)
  const { pgq, start } = queue.worker()
  pgq.entrypoint("late", () => {})
  pgq.entrypoint("again", ({ attempt }) => {
    if (attempt === 1) throw new RetryRequested({ delay: "200ms" })
  })
  start()
  await queue.ended(2)
  const [again, late] = await queue.queries.activity()
  expect(late).toMatchObject({ entrypoint: "late", wait: { count: 1 } })
  expect(late!.wait.meanMs).toBeLessThan(200)
  expect(again).toMatchObject({ ended: { successful: 1 }, retried: 1, run: { count: 2 }, wait: { count: 1 } })
})

it("counts jobs that end without a run: canceled, deleted, expired", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const ids = await queries.enqueueMany(Array.from({ length: 5 }, () => ({ entrypoint: "a", executeAfter: "1h" })))
  await queries.cancel(ids.slice(0, 2))
  await queries.delete(ids.slice(2, 3))
  await queries.enqueue("a", 1, { expireAfter: "1ms", executeAfter: "1h" })
  const { pgq, start } = queue.worker()
  pgq.entrypoint("other", () => {})
  start()
  await queue.ended(4)
  const [activity] = await queries.activity()
  expect(activity).toMatchObject({ ended: { canceled: 2, deleted: 2 }, run: { count: 0 }, wait: { count: 0 } })
})

it("counts an end in a handler's own transaction when that is committed, and not when it is rolled back", async () => {
  const queue = await installQueue()
  await queue.queries.enqueue(["a", "a"], ["commit", "rollback"])
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("a", async ({ payload }, context) => {
    const client = await queue.pool.connect()
    try {
      await client.query("begin")
      await context.complete(client)
      await client.query(payload as string)
    } finally {
      client.release()
    }
  })
  await drain()
  const [activity] = await queue.queries.activity()
  expect(activity).toMatchObject({ ended: { successful: 1, exception: 1 }, run: { count: 2 }, wait: { count: 2 } })
})

it("counts what the database makes of reports where that differs from what they say", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const ids = await queries.enqueueMany(Array.from({ length: 20 }, () => ({ entrypoint: "a" })))
  const gate = deferred()
  const { pgq, start } = queue.worker()
  pgq.entrypoint("a", () => gate.promise)
  start()
  await eventually(async () => (await queries.jobs({ status: "picked" })).length === 20)
  // Marked by hand, so that the handlers do not hear of it and all end at once.
  await queue.sql("update pgqueuer.claim set stop_ids = array[$1::bigint, $2::bigint]", [ids[3], ids[4]])
  gate.resolve()
  await queue.ended(20)
  expect(await queries.activity()).toMatchObject([
    { entrypoint: "a", ended: { successful: 18, canceled: 2 }, run: { count: 20 }, wait: { count: 20 } },
  ])
  const [{ wait }] = (await queries.activity()) as [EntrypointActivity]
  expect(wait.meanMs).toBeLessThan(5_000)
})

it("gives the same numbers before and after they are summed up, and each event once in each span", async () => {
  const queue = await installQueue()
  const store = upkeepOf(queue)
  const run = async (jobs: number) => {
    await queue.queries.enqueueMany(Array.from({ length: jobs }, (_, i) => ({ entrypoint: i % 3 === 0 ? "b" : "a" })))
    const { pgq, drain } = queue.worker()
    pgq.entrypoint("a", () => {})
    pgq.entrypoint("b", () => {})
    await drain()
  }
  for (const jobs of [30, 60, 3]) {
    await run(jobs)
    const before = await readAll(queue)
    await dueNow(queue)
    expect((await store.mergeRollups(0, 10_000, false)).taken).toBe(true)
    expect(await readAll(queue)).toEqual(before)
  }
  const spans = await queue.sql(
    "select span, entrypoint, count(*)::int as rows, sum(successful)::int as successful from pgqueuer.rollup where span in ('hour', 'day', 'ever') group by 1, 2 order by 1, 2",
  )
  for (const { entrypoint, successful } of spans) {
    expect(successful).toBe(entrypoint === "" ? 93 : entrypoint === "a" ? 62 : 31)
  }
})

it("loses and doubles nothing when several sum up at once, while others read and write", async () => {
  const queue = await installQueue()
  const store = upkeepOf(queue)
  const writers = 40
  const write = () =>
    queue.sql(
      "insert into pgqueuer.rollup_entry (entrypoint, minute, successful, run_ms, run_buckets, run_counts) values ('a', date_trunc('minute', now()), 1, 5, '{3,7}', '{1,1}')",
    )
  const merge = async () => {
    await dueNow(queue)
    await store.mergeRollups(0, 7, false)
  }
  await Promise.all(
    Array.from({ length: writers }, (_, index) => Promise.all([write(), merge(), index % 4 === 0 ? merge() : null])),
  )
  for (let rest = 1; rest > 0; ) {
    await dueNow(queue)
    rest = (await store.mergeRollups(0, 7, false)).entries
  }
  const [total] = await queue.queries.totals()
  expect(total).toMatchObject({ ended: { successful: writers }, runs: { count: 2 * writers, sum: 5 * writers } })
  expect(total!.runs.buckets).toEqual([
    [3, writers],
    [7, writers],
  ])
})

it("finds each sum by its key, however many entrypoints there are, with a plan from when the tables were empty", async () => {
  const queue = await installQueue()
  const client = await queue.pool.connect()
  try {
    for (const table of ["rollup", "rollup_entry"]) await client.query(render(`analyze pgqueuer.${table}`, queue))
    const plan = JSON.stringify(await genericPlan(client, queue, "merge_rollups", ["5000", "10000", "true"]))
    const conditions = [...plan.matchAll(/"Index Cond":"([^"]*)"/g)].map(([, condition]) => condition!)
    const lookup = conditions.find((condition) => condition.includes("starts_at"))
    for (const column of ["entrypoint", "span", "starts_at"]) expect(lookup).toMatch(new RegExp(`\\b${column} = `))
    expect(plan.match(/"TID Cond"/g)).toHaveLength(2)
  } finally {
    client.release()
  }
})

it("keeps the numbers of two installs in one schema apart, and the turns of their workers", async () => {
  const one = await installQueue({ prefix: "one_" })
  const placement = { schema: one.schema, prefix: "two_" }
  const queries = new Queries(one.driver, placement)
  await queries.install()
  await one.queries.enqueue("a")
  await queries.enqueueMany([{ entrypoint: "a" }, { entrypoint: "a" }])
  for (const options of [{}, { prefix: "two_" }]) {
    const { pgq, drain } = one.worker(options)
    pgq.entrypoint("a", () => {})
    await drain()
  }
  const ends = async (read: Queries) => (await read.activity()).map(({ ended }) => ended.successful)
  expect([await ends(one.queries), await ends(queries)]).toEqual([[1], [2]])
  const store = new PostgresRollupUpkeepStore(one.driver, new Statements(placement), placement)
  for (const prefix of ["one_", "two_"]) {
    await one.pool.query(`update "${one.schema}".${prefix}upkeep set due_at = '-infinity' where duty = 'rollups'`)
  }
  const merged = [await upkeepOf(one).mergeRollups(60_000, 10, false), await store.mergeRollups(60_000, 10, false)]
  for (const { taken } of merged) expect(taken).toBe(true)
  expect([await ends(one.queries), await ends(queries)]).toEqual([[1], [2]])
  expect((await store.mergeRollups(60_000, 10, false)).taken).toBe(false)
})

it("sums up and tells the numbers of 10,000 entrypoints, and of names in any script", async () => {
  const queue = await installQueue()
  const strange = ["größe", "作业", "a'b\"c\\d", "{x}", "%s", "-- x"]
  const write = () =>
    queue.sql(
      `insert into pgqueuer.rollup_entry (entrypoint, minute, successful, run_ms, run_buckets, run_counts)
      select name, date_trunc('minute', now()), 1, 3, '{11,12}', '{1,1}'
      from (select 'e' || n as name from generate_series(1, 10000) as n union all select unnest($1::text[])) as named`,
      [strange],
    )
  const store = upkeepOf(queue)
  for (const round of [1, 2]) {
    await write()
    while ((await store.mergeRollups(0, 10_000, true)).entries > 0);
    const activity = await queue.queries.activity()
    expect(activity).toHaveLength(10_000 + strange.length)
    expect(activity.every(({ ended, run }) => ended.successful === round && run.count === 2 * round)).toBe(true)
    expect(activity.map(({ entrypoint }) => entrypoint)).toEqual(expect.arrayContaining(strange))
  }
  const { points } = await queue.queries.history()
  expect(points.reduce((sum, { ended }) => sum + ended.successful, 0)).toBe(2 * (10_000 + strange.length))
}, 120_000)

it("keeps what was since ever when minutes, hours and days are old", async () => {
  const queue = await installQueue()
  await queue.sql(`
    insert into pgqueuer.rollup_entry (entrypoint, minute, successful)
    select 'a', date_trunc('minute', now() - n * interval '5 hours'), 1 from generate_series(1, 400) as n`)
  const store = upkeepOf(queue)
  await dueNow(queue)
  await store.mergeRollups(0, 10_000, false)
  const day = 86_400_000
  await store.pruneRollups({ minuteMs: day, hourMs: 10 * day, dayMs: 30 * day }, 100_000)
  const rows = await queue.sql(
    "select span, count(*)::int as rows, sum(successful)::int as successful from pgqueuer.rollup where entrypoint = 'a' group by span order by span",
  )
  const [days, ever, hours, minutes] = rows as { span: string; rows: number; successful: number }[]
  expect(ever).toEqual({ span: "ever", rows: 1, successful: 400 })
  expect([30, 31]).toContain(days!.rows)
  for (const [kept, atLeast] of [
    [hours!, 47],
    [minutes!, 4],
  ] as const) {
    expect(kept.successful).toBe(kept.rows)
    expect([atLeast, atLeast + 1]).toContain(kept.rows)
  }
  const { points } = await queue.queries.history({ last: "9d", step: "1h", entrypoint: "a" })
  expect([43, 44]).toContain(points.reduce((sum, { ended }) => sum + ended.successful, 0))
})

it.each([
  ["1d", "12h"],
  ["2d", "40h"],
  ["31d", "30d"],
  ["60d", "55d"],
  ["366d", "360d"],
] as const)(
  "shows in the history of %s by itself what happened %s ago, when the finer sums are gone",
  async (last, age) => {
    const queue = await installQueue()
    await queue.sql(
      `insert into pgqueuer.rollup_entry (entrypoint, minute, successful) values ('a', date_trunc('minute', now() - $1::interval), 1)`,
      [age],
    )
    const store = upkeepOf(queue)
    await store.mergeRollups(0, 10_000, false)
    await store.pruneRollups(rollupAges, 100_000)
    const { points } = await queue.queries.history({ last })
    expect(points.length).toBeLessThanOrEqual(122)
    expect(points.reduce((sum, { ended }) => sum + ended.successful, 0)).toBe(1)
  },
)

it("draws a history of steps, the empty ones too, of one entrypoint and of all", async () => {
  const queue = await installQueue()
  await queue.sql(`
    insert into pgqueuer.rollup_entry (entrypoint, minute, successful, retried)
    select name, date_trunc('minute', now() - n * interval '1 minute'), 2, 1
    from generate_series(0, 59, 10) as n, unnest(array['a', 'b']) as name`)
  const one = await queue.queries.history({ last: "1h", entrypoint: "a" })
  expect(one.step).toBe(60_000)
  expect(one.points.length).toBeGreaterThanOrEqual(60)
  const sum = (points: typeof one.points) => points.reduce((total, point) => total + point.ended.successful, 0)
  expect(sum(one.points)).toBe(12)
  const all = await queue.queries.history({ last: "2h", step: "10m" })
  expect(sum(all.points)).toBe(24)
  expect(all.points.every(({ at }) => at.getTime() % 600_000 === 0)).toBe(true)
  expect(
    (await queue.queries.history({ last: "1h", entrypoint: "unknown" })).points.every(({ run }) => run.count === 0),
  ).toBe(true)
})

it.each([
  [{ last: "10s" }, /last is out of range/],
  [{ last: "2h", step: "90s" }, /whole minutes/],
  [{ last: "10d", step: "5m" }, /finer than what is kept/],
  [{ last: "366d", step: "36h" }, /finer than what is kept/],
  [{ steps: 5 }, /no option "steps", did you mean step/],
  [{ last: "20d", step: "1m" }, /finer/],
] as const)("refuses a history of %j", async (options, message) => {
  const { queries } = await installQueue()
  await expect(queries.history(options as never)).rejects.toMatchObject({
    code: "PGQ_OPTION_INVALID",
    message: expect.stringMatching(message),
  })
})

it("equals what the history says, whatever became of the jobs", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("good", "bad", "retry", "hold", "cancel", "expire", "requeue"), {
        minLength: 1,
        maxLength: 30,
      }),
      async (fates) => {
        const queue = await installQueue()
        const { queries } = queue
        const { pgq, drain } = queue.worker()
        pgq.entrypoint("plain", ({ payload, attempt }) => {
          if (payload === "bad") throw new Error("bad")
          if (payload === "retry" && attempt === 1) throw new RetryRequested({ delay: 0 })
        })
        pgq.entrypoint(
          "held",
          ({ attempt }) => {
            if (attempt === 1) throw new Error("held")
          },
          { onFailure: "hold" },
        )
        const ids = await queries.enqueueMany(
          fates.map((fate) => ({
            entrypoint: fate === "hold" || fate === "requeue" ? "held" : "plain",
            payload: fate,
            ...(fate === "expire" ? { expireAfter: "1ms" as const } : {}),
          })),
        )
        await queries.cancel(ids.filter((_, index) => fates[index] === "cancel"))
        await new Promise((resolve) => setTimeout(resolve, 5))
        await drain()
        await queries.requeue(ids.filter((_, index) => fates[index] === "requeue"))
        await drain()
        const [outcomes] = await queue.sql<Record<string, number>>(`
          select
            count(*) filter (where status = 'successful')::int as successful, count(*) filter (where status = 'exception')::int as exception,
            count(*) filter (where status = 'canceled')::int as canceled, count(*) filter (where status = 'deleted')::int as deleted
          from pgqueuer.outcome`)
        const totals = await queries.totals()
        const sum = (pick: (rollup: (typeof totals)[number]) => number) =>
          totals.reduce((all, one) => all + pick(one), 0)
        expect({
          successful: sum(({ ended }) => ended.successful),
          exception: sum(({ ended }) => ended.exception),
          canceled: sum(({ ended }) => ended.canceled),
          deleted: sum(({ ended }) => ended.deleted),
        }).toEqual(outcomes)
        const held = fates.filter((fate) => fate === "hold" || fate === "requeue").length
        expect(sum(({ ended }) => ended.failed)).toBe(held)
        const retries = fates.filter((fate) => fate === "retry").length
        expect(sum(({ retried }) => retried)).toBe(retries)
        const idle = fates.filter((fate) => fate === "cancel" || fate === "expire").length
        const requeued = fates.filter((fate) => fate === "requeue").length
        const runs = totals.map((rollup) => rollup.runs).reduce(mergeHistograms)
        expect(runs.count).toBe(fates.length - idle + retries + requeued)
        expect(totals.map((rollup) => rollup.waits).reduce(mergeHistograms).count).toBe(fates.length - idle)
      },
    ),
    { numRuns: 4 },
  )
}, 60_000)

it("is summed up by a worker that has nothing else to do", async () => {
  const queue = await installQueue()
  await queue.sql("insert into pgqueuer.rollup_entry (entrypoint, minute, successful) values ('a', now(), 1)")
  const { pgq, start } = queue.worker()
  pgq.entrypoint("a", () => {})
  start()
  await eventually(async () => (await queue.sql("select from pgqueuer.rollup where span = 'ever'")).length === 2)
  await eventually(async () => (await queue.queries.samples({ kind: "table-bytes" })).length > 10)
})

function upkeepOf({ pool, schema, prefix }: TestQueue): PostgresRollupUpkeepStore {
  const placement = { schema, prefix }
  return new PostgresRollupUpkeepStore(new PgPoolDriver(pool), new Statements(placement), placement)
}

async function dueNow(queue: TestQueue): Promise<void> {
  await queue.sql("update pgqueuer.upkeep set due_at = '-infinity' where duty = 'rollups'")
}

async function readAll({ queries }: TestQueue) {
  const rounded = (histogram: Histogram) => ({ ...histogram, sum: Math.round(histogram.sum * 1_000) })
  const totals = (await queries.totals()).map((rollup) => ({
    ...rollup,
    runs: rounded(rollup.runs),
    waits: rounded(rollup.waits),
  }))
  const [activity, history] = [await queries.activity(), await queries.history({ last: "2h", step: "2h" })]
  const counts = ({ ended, run, wait }: (typeof activity)[number]) => ({ ended, run: run.count, wait: wait.count })
  return {
    totals,
    activity: activity.map(counts),
    history: history.points.map(({ ended, run }) => ({ ended, run: run.count })),
  }
}
