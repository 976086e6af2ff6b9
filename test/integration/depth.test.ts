import { expect, it } from "vitest"
import { PostgresRollupStore } from "../../src/adapters/postgres/postgres-rollup-store.js"
import { Statements } from "../../src/adapters/postgres/statement.js"
import type { Depth, DepthRequest } from "../../src/ports/rollup-store.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

it("counts small places exactly, by entrypoint, and tells how long the oldest job has waited", async () => {
  const queue = await installQueue()
  const { queries } = queue
  await queries.enqueue(["a", "a", "b"], [1, 2, 3], [0, 5, 0])
  await queries.enqueue("a", 4, { executeAfter: "1h" })
  await queue.sql(
    "update pgqueuer.job set created_at = now() - interval '1 minute' where entrypoint = 'a' and priority = 0",
  )
  const exactly = (count: number) => ({ count, exact: true })
  const { entrypoints, others, exact } = await queries.depth()
  expect([others, exact]).toEqual([0, true])
  expect(entrypoints).toMatchObject([
    { entrypoint: "a", queued: exactly(2), deferred: exactly(1), picked: exactly(0), failed: exactly(0) },
    { entrypoint: "b", queued: exactly(1), deferred: exactly(0) },
  ])
  expect(entrypoints[0]!.oldestWaitMs).toBeGreaterThanOrEqual(60_000)
  expect(entrypoints[1]!.oldestWaitMs).toBeLessThan(60_000)
})

it("says nothing of an empty queue", async () => {
  const { queries } = await installQueue()
  expect(await queries.depth()).toEqual({ entrypoints: [], others: 0, exact: true })
})

it("estimates what is large, says so, and still counts an entrypoint with few jobs exactly", async () => {
  const queue = await installQueue({ prefix: "p_", checked: false })
  await fill(queue, { large: 40_000, middle: 10_000, few: 7 })
  const { entrypoints, exact } = await queue.queries.depth()
  expect(exact).toBe(false)
  const found = Object.fromEntries(entrypoints.map(({ entrypoint, queued }) => [entrypoint, queued]))
  expect(found["few"]).toEqual({ count: 7, exact: true })
  for (const [entrypoint, jobs] of [
    ["large", 40_000],
    ["middle", 10_000],
  ] as const) {
    expect(found[entrypoint]!.exact).toBe(false)
    expect(found[entrypoint]!.count / jobs).toBeGreaterThan(0.8)
    expect(found[entrypoint]!.count / jobs).toBeLessThan(1.2)
  }
})

it.each(["force_generic_plan", "force_custom_plan"])(
  "reads a bounded number of rows of a large backlog, analysed or not, with %s",
  async (mode) => {
    const queue = await installQueue({ checked: false })
    await fill(queue, { a: 100_000, b: 100_000 })
    const client = await queue.pool.connect()
    try {
      await client.query(`set plan_cache_mode = ${mode}`)
      await client.query(`prepare depth as ${new Statements(queue).text("read_depth").sql}`)
      const read = async () => {
        const sql = "explain (analyze, timing off, format json) execute depth (10000, 200, 300, 2000, 500)"
        const { rows } = await client.query(sql)
        return mostRowsOf("ready", rows[0]["QUERY PLAN"][0].Plan)
      }
      expect(await read(), "before an analyse").toBeLessThan(60_000)
      await queue.sql("vacuum analyze pgqueuer.ready")
      expect(await read(), "after it").toBeLessThan(60_000)
    } finally {
      client.release(true)
    }
  },
  60_000,
)

it("counts more entrypoints than it looks at lines, while there are few jobs", async () => {
  const queue = await installQueue({ checked: false })
  await fill(queue, Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`e${n}`, 2])))
  const depth = await readWith(queue, { lines: 10 })
  expect(depth.exact).toBe(true)
  expect(depth.entrypoints).toHaveLength(50)
  expect(depth.entrypoints.every(({ queued }) => queued.count === 2)).toBe(true)
})

it("counts only live jobs where a held snapshot keeps dead ones before them", async () => {
  const queue = await installQueue({ checked: false })
  await fill(queue, { a: 3_000, b: 3_000 })
  const holder = await queue.pool.connect()
  try {
    await holder.query("begin isolation level repeatable read")
    await holder.query("select 1 as one from pg_class limit 1")
    await queue.sql("delete from pgqueuer.ready where seq % 1000 <> 0")
    const { entrypoints, exact } = await queue.queries.depth()
    expect(exact).toBe(true)
    expect(entrypoints.map(({ queued }) => queued.count)).toEqual([3, 3])
    await holder.query("commit")
  } finally {
    holder.release()
  }
})

it("lists 500 of 10,000 entrypoints, tells how many more there are, and adds all of them up in the samples", async () => {
  const queue = await installQueue({ checked: false })
  await queue.sql("delete from pgqueuer.upkeep where duty = 'rollups'")
  await queue.sql(`
    with written as (insert into pgqueuer.job (entrypoint) select 'e' || n from generate_series(1, 9000) as n returning id, entrypoint)
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id) select entrypoint, -1, id, id from written`)
  const depth = await queue.queries.depth()
  expect([depth.entrypoints.length, depth.others, depth.exact]).toEqual([500, 8_500, true])
  const { pgq, start } = queue.worker()
  pgq.entrypoint("idle", () => {})
  start()
  await eventually(async () => (await queue.queries.samples({ kind: "queued", label: "" })).length === 1)
  const [all] = await queue.queries.samples({ kind: "queued", label: "" })
  expect(all!.points.map(({ value }) => value)).toEqual([9_000])
  expect(await queue.queries.samples({ kind: "queued" })).toHaveLength(201)
})

function readWith(queue: TestQueue, changes: Partial<DepthRequest>): Promise<Depth> {
  const { schema, prefix } = queue
  const usual: DepthRequest = { exactUpTo: 10_000, exactOfEntrypoint: 200, pages: 300, lines: 2_000, entrypoints: 500 }
  return new PostgresRollupStore(queue.driver, new Statements({ schema, prefix })).readDepth({ ...usual, ...changes })
}

interface AnalysedNode {
  readonly "Relation Name"?: string
  readonly "Actual Rows": number
  readonly "Actual Loops": number
  readonly "Rows Removed by Filter"?: number
  readonly Plans?: readonly AnalysedNode[]
}

/** The rows of a table that any one step of a plan has read. */
function mostRowsOf(table: string, node: AnalysedNode): number {
  const rows = (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"]
  const below = (node.Plans ?? []).map((child) => mostRowsOf(table, child))
  return Math.max(node["Relation Name"] === table ? rows : 0, ...below)
}

/** Jobs in line, those of the entrypoints one after the other, as a producer writes them. */
async function fill(queue: TestQueue, jobs: Readonly<Record<string, number>>): Promise<void> {
  await queue.sql(
    `
    with written as (
      insert into pgqueuer.job (entrypoint)
      select entrypoint from unnest($1::text[], $2::int[]) as part (entrypoint, jobs) cross join lateral generate_series(1, jobs)
      returning id, entrypoint
    )
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id) select entrypoint, -1, id, id from written`,
    [Object.keys(jobs), Object.values(jobs)],
  )
}
