import type pg from "pg"
import { expect, test } from "vitest"
import { statementFiles } from "../../src/adapters/postgres/sql.generated.js"
import { render, type StatementName } from "../../src/adapters/postgres/statement.js"
import { statuses } from "../../src/domain/status.js"
import { installQueue, type TestQueue } from "../support/queue.js"

const look = 400
const pageSize = 20
/** Jobs in each place; claims are read whole. */
const many = 20_000
const claimed = 200
const tables = ["job", "ready", "deferred", "claim", "outcome", "worker", "held", "failure", "progress"]

test.each([
  ["a plan from when the tables were empty", "before"],
  ["a plan of now", "after"],
] as const)(
  "reads no more than its look for any filter of the jobs page, with %s",
  async (_, planned) => {
    const queue = await installQueue({ checked: false })
    const client = await queue.pool.connect()
    try {
      await client.query("set plan_cache_mode = force_generic_plan")
      for (const table of tables) await queue.sql(`alter table pgqueuer.${table} set (autovacuum_enabled = off)`)
      await analyse(queue)
      const names = [
        "find_newest_jobs",
        "find_oldest_jobs",
        "find_newest_end",
        "find_oldest_end",
        "walk_queued",
      ] as const
      const ids = `array[${Array.from({ length: pageSize }, (_, n) => many - 10 + n)}]`
      const byId: Readonly<Partial<Record<StatementName, string>>> = {
        describe_jobs: `${ids}, 16384`,
        find_text: `${ids}, 'x', 65536, true`,
        find_errors: ids,
        read_values: `${many}, 8000`,
        list_recent_failures: `${look}`,
      }
      const all = [...names, ...(Object.keys(byId) as StatementName[])]
      if (planned === "before") await prepare(queue, client, all, byId)
      await fill(queue)
      if (planned === "after") {
        await analyse(queue)
        await prepare(queue, client, all, byId)
      }
      const wrong: string[] = []
      const check = async (name: StatementName, parameters: string, most: number) => {
        const read = await rowsRead(client, name, parameters)
        if (read > most) wrong.push(`${name}(${parameters}) reads ${read} rows`)
      }
      // Held and deferred jobs and failures were few when the plan was made: until the next analyse it reads them whole, once.
      const whole = planned === "before" ? many : 0
      const wholeOf = (status: string) => (status === "'failed'" || status === "'deferred'" ? whole : 0)
      // A row of a place, and the job of each; claims, which are read whole.
      for (const filter of filters()) {
        for (const name of ["find_newest_jobs", "find_oldest_jobs"] as const)
          await check(name, `${filter.list}, ${pageSize}, ${look}`, 3 * look + 2 * claimed + wholeOf(filter.status))
        await check("walk_queued", filter.line, 3 * look)
      }
      for (const status of ["null", ...statuses.map(quoted)])
        for (const worker of ["null", "3"])
          for (const after of ["null", String(many / 2)])
            for (const name of ["find_newest_end", "find_oldest_end"] as const)
              await check(name, `${status}, ${worker}, ${after}, ${look}`, look + 10 + wholeOf(status))
      for (const [name, parameters] of Object.entries(byId)) {
        const count = name === "list_recent_failures" ? look : pageSize
        await check(name as StatementName, parameters, 12 * count + 2 * claimed + whole)
      }
      expect(wrong).toEqual([])
    } finally {
      client.release(true)
    }
  },
  120_000,
)

/** All that the page offers, with something and without. */
function* filters(): Generator<{ readonly status: string; readonly list: string; readonly line: string }> {
  for (const status of ["null", ...statuses.map(quoted)])
    for (const entrypoint of ["null", "'a'", "'none'"])
      for (const priority of ["null", "1"])
        for (const worker of ["null", "3"])
          for (const [from, before] of [
            ["null", "null"],
            ["now()", "null"],
            ["null", "'2000-01-01'"],
          ] as const)
            for (const [after, place] of [
              ["null", "null, null, null"],
              [String(many / 2), `${entrypoint === "null" ? "'b'" : entrypoint}, -1, ${(many * 3) / 2}`],
            ]) {
              const list = [status, entrypoint, priority, worker, from, before, after].join(", ")
              yield { status, list, line: `${[entrypoint, priority, from, before].join(", ")}, ${place}, ${look}` }
            }
}

function quoted(text: string): string {
  return `'${text}'`
}

/** A generic plan is made by the first EXECUTE. */
async function prepare(
  queue: TestQueue,
  client: pg.PoolClient,
  names: readonly StatementName[],
  byId: Readonly<Partial<Record<StatementName, string>>>,
): Promise<void> {
  for (const name of names) {
    await client.query(`prepare "${name}" as ${render(statementFiles[name], queue)}`)
    const page = name.endsWith("_end") ? "null, null, null, 1" : `${Array(7).fill("null").join(", ")}, 1`
    const parameters = byId[name] ?? (name.endsWith("_jobs") ? `${page}, 1` : page)
    await client.query(`execute "${name}"(${parameters})`)
  }
}

interface Node {
  readonly "Relation Name"?: string
  readonly "Actual Rows": number
  readonly "Actual Loops": number
  readonly "Rows Removed by Filter"?: number
  readonly "Rows Removed by Index Recheck"?: number
  readonly Plans?: readonly Node[]
}

async function rowsRead(client: pg.PoolClient, name: StatementName, parameters: string): Promise<number> {
  const { rows } = await client.query(`explain (analyze, timing off, format json) execute "${name}"(${parameters})`)
  return Math.round(rowsOf(rows[0]["QUERY PLAN"][0].Plan))
}

function rowsOf(node: Node): number {
  const removed = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0)
  const own = node["Relation Name"] === undefined ? 0 : (node["Actual Rows"] + removed) * node["Actual Loops"]
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsOf(child), own)
}

/** As many jobs in each place, of three entrypoints, with a failure each. */
async function fill(queue: TestQueue): Promise<void> {
  const places: Readonly<Record<string, string>> = {
    outcome: `insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, worker_id, error)
      select id, entrypoint, (array['successful', 'exception', 'canceled', 'deleted'])[1 + id % 4], 1, 1, 'bad' from made`,
    ready: "insert into pgqueuer.ready (entrypoint, rank, seq, job_id) select entrypoint, ~priority, id, id from made",
    deferred: `insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at)
      select id, entrypoint, ~priority, now() + interval '1 day' from made`,
    held: `insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues, worker_id, error)
      select id, entrypoint, ~priority, 1, 0, 1, 'bad' from made`,
  }
  for (const insert of Object.values(places)) {
    await queue.sql(
      `with made as (
        insert into pgqueuer.job (entrypoint, priority, payload)
        select (array['a', 'b', 'c'])[1 + n % 3], n % 2, '{"a":1}' from generate_series(1, $1::int) as n
        returning id, entrypoint, priority
      ) ${insert}`,
      [many],
    )
  }
  await queue.sql(
    `with made as (insert into pgqueuer.job (entrypoint) select 'a' from generate_series(1, $1::int) returning id)
    insert into pgqueuer.claim (worker_id, entrypoint, job_ids, seqs, ranks, attempts)
    select 1, 'a', array[id], array[id], array[-1], array[1] from made`,
    [claimed],
  )
  await queue.sql(
    "insert into pgqueuer.failure (job_id, attempt, error) select job_id, 1, 'bad' from pgqueuer.outcome where error is not null",
  )
}

async function analyse(queue: TestQueue): Promise<void> {
  for (const table of tables) await queue.sql(`vacuum analyze pgqueuer.${table}`)
}
