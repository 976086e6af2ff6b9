import { expect, it, onTestFinished } from "vitest"
import type { StatementName } from "../../src/adapters/postgres/statement.js"
import { PgQueuer } from "../../src/pgqueuer.js"
import { recordingLogger } from "../support/logger.js"
import { startOwnServer } from "../support/own-server.js"
import { costsOfBacklog, genericPlan, type PlanNode } from "../support/plan.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

const range =
  "array['a', 'b'], array[-2147483648, -2147483648], array[0, 0], array[2147483647, 2147483647], array[50, 50], array[null, 10], array[1]"
const reports =
  "array[1], array[1], array[1], array['successful'], array[0], array[1], array[0], array[null], array[null], array['1']::json[], array[1]"

/** The statements that run again and again, with values for their parameters; a generic plan doesn't look at them. */
const hot: { readonly [N in StatementName]?: readonly string[] } = {
  enqueue: [
    "array['a']",
    "'{}'",
    "'{}'",
    "'{}'",
    "'{}'",
    "'{}'",
    "'{}'",
    "'{}'",
    "'{}'",
    "'{}'",
    "'{}'",
    "null",
    "null",
  ],
  claim: ["1", range, "100"],
  exchange: ["1", range, "100", reports, "'a'", "'b'", "'[]'"],
  complete_job: ["1", "1", "1", "1", "null", "null", "'b'", "1"],
  merge_rollups: ["5000", "10000", "false"],
  read_rollups: ["''", "'minute'", "3600000", "60000", "null"],
  promote_due: ["1000", "null"],
  claim_suspect: ["1", "array['a', 'b']", "array[1]"],
  rescue_claims: ["1", "array[1]", "array[2]", "3", "null", "null"],
  take_orphans: ["1"],
  find_claims: ["1"],
  beat: ["1", "'{}'"],
  take_turn: ["'retention'", "1000", "false"],
}

it("plans no scan and no sort of the backlog while the tables are empty and analysed", async () => {
  const queue = await installQueue()
  await analyse(queue)
  expect(await costs(queue)).toEqual({})
})

it("plans no scan and no sort of the backlog at 50,000 ready jobs, before and after an analyse", async () => {
  const queue = await installQueue()
  await analyse(queue)
  await fill(queue, 50_000)
  expect(await costs(queue), "before the analyse").toEqual({})
  await analyse(queue)
  expect(await costs(queue), "after it").toEqual({})
})

it("explains a job without reading the others", async () => {
  const queue = await installQueue()
  await fill(queue, 50_000)
  await analyse(queue)
  const reads = await wholeReads(queue, "explain_job", ["50000", "1000"])
  expect(reads.filter((read) => /\b(?:job|ready|deferred|outcome)\b/.test(read))).toEqual([])
})

it("plans no scan and no sort of the backlog at 50,000 deferred jobs", async () => {
  const queue = await installQueue()
  await analyse(queue)
  await queue.sql(`
    with written as (
      insert into pgqueuer.job (entrypoint, execute_after)
      select 'a', now() + n * interval '1 second' from generate_series(1, 50000) as n
      returning id, execute_after
    )
    insert into pgqueuer.deferred (job_id, entrypoint, rank, run_at) select id, 'a', -1, execute_after from written`)
  expect(await costs(queue), "before the analyse").toEqual({})
  await analyse(queue)
  expect(await costs(queue), "after it").toEqual({})
})

it("plans no scan and no sort of the backlog at 1,000,000 ready jobs, before and after an analyse", async () => {
  const queue = await installQueue({ checked: false })
  await analyse(queue)
  await fill(queue, 1_000_000)
  expect(await costs(queue), "before the analyse").toEqual({})
  await analyse(queue)
  expect(await costs(queue), "after it").toEqual({})
}, 120_000)

it("reads no more of the history than a step of its walk, and all claims, of which there are few", async () => {
  const queue = await installQueue({ checked: false })
  await analyse(queue)
  expect(await pruningCosts(queue), "while the tables are empty").toEqual(["seq scan of claim"])
  await queue.sql(`
    with written as (insert into pgqueuer.job (entrypoint) select 'a' from generate_series(1, 50000) returning id)
    insert into pgqueuer.outcome (job_id, entrypoint, status, attempt) select id, 'a', 'successful', 1 from written`)
  expect(await pruningCosts(queue), "before the analyse").toEqual(["seq scan of claim"])
  await analyse(queue)
  expect(await pruningCosts(queue), "after it").toEqual(["seq scan of claim"])
})

it("looks up where jobs stand without reading the backlog, also with a plan from when there was none", async () => {
  const queue = await installQueue()
  await analyse(queue)
  const found = () => wholeReads(queue, "find_statuses", ["array[1, 2]"])
  expect(await found(), "while the tables are empty").toEqual(["seq scan of claim"])
  await fill(queue, 50_000)
  expect(await found(), "before the analyse").toEqual(["seq scan of claim"])
  await analyse(queue)
  expect(await found(), "after it").toEqual(["seq scan of claim"])
})

it("would see a scan and a sort of the backlog", async () => {
  const queue = await installQueue()
  await analyse(queue)
  await fill(queue, 1_000)
  const plan = await explain(queue, "select job_id from pgqueuer.ready order by attempt")
  expect(costsOfBacklog(plan, queue)).toEqual(["sort of ready", "seq scan of ready"])
})

/**
 * On a server of its own, whose log has its own times, and where no autovacuum comes in between. Of the time it is the
 * processor's that is looked at, because other work on the machine disturbs it least.
 */
it("claims in under 20 ms from 1,000,000 jobs with statements that were prepared while the tables were empty", async () => {
  const own = await startOwnServer({ ...measuring, autovacuum: "off", fsync: "off" }, false)
  const tables = ["job", "ready", "deferred", "claim", "outcome"]
  for (const table of tables) await own.pool.query(`vacuum analyze pgqueuer.${table}`)

  let runs = 0
  const log = recordingLogger()
  const pgq = new PgQueuer(own.driver, { pollInterval: 20, logger: log })
  pgq.entrypoint("a", () => void runs++)
  const ended = pgq.run()
  onTestFinished(() => pgq.stop({ now: true }))
  await eventually(async () => exchangesIn(await own.log()).length > 20)
  await own.pool.query(`
    with written as (insert into pgqueuer.job (entrypoint) select 'a' from generate_series(1, 1000000) returning id)
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id) select 'a', -1, id, id from written`)
  // Looks at a million rows that are not committed yet take their time, and claim nothing.
  const beforeCommit = exchangesIn(await own.log()).length + 2
  await eventually(() => runs >= 200_000, 90_000)
  await pgq.stop({ now: true })
  await ended

  const times = exchangesIn(await own.log()).slice(beforeCommit)
  times.sort((a, b) => a - b)
  expect(times.length).toBeGreaterThan(100)
  expect(times[Math.floor(times.length / 2)]).toBeLessThan(20)
  expect(times[Math.floor(times.length * 0.9)]).toBeLessThan(40)
  expect(log.messages("warn")).toEqual([])
}, 180_000)

/** Makes the server log of each step of a statement what it was, and what it took. */
const measuring = { log_min_duration_statement: "0", log_statement_stats: "on", log_line_prefix: "<%p> " }

/** The processor's times for whole exchanges, planning included, in milliseconds. */
function exchangesIn(log: string): number[] {
  const times: number[] = []
  const steps = new Map<string, "bind" | "execute">()
  const binds = new Map<string, number>()
  const lines =
    /<(\d+)> LOG: {2}(?:duration: [\d.]+ ms {2}(bind|execute) pgq_(?:claim|exchange)_|(?:BIND|EXECUTE) MESSAGE STATISTICS\n.*DETAIL.*\n\s*!\s+([\d.]+) s user, ([\d.]+) s system)/g
  for (const [, process = "", step, user, system] of log.matchAll(lines)) {
    if (step !== undefined) {
      steps.set(process, step as "bind" | "execute")
      continue
    }
    const took = (Number(user) + Number(system)) * 1_000
    if (steps.get(process) === "bind") binds.set(process, took)
    if (steps.get(process) === "execute") times.push((binds.get(process) ?? 0) + took)
    steps.delete(process)
  }
  return times
}

async function costs(queue: TestQueue): Promise<Record<string, string[]>> {
  const client = await queue.pool.connect()
  try {
    const found: Record<string, string[]> = {}
    for (const [name, parameters] of Object.entries(hot)) {
      const plan = await genericPlan(client, queue, name as StatementName, parameters)
      const problems = costsOfBacklog(plan, queue)
      if (problems.length > 0) found[name] = problems
    }
    return found
  } finally {
    client.release()
  }
}

function pruningCosts(queue: TestQueue): Promise<string[]> {
  const parameters = ["0", "20000", "5000", "array['successful']", "array[1]", "true", "null", "false"]
  return wholeReads(queue, "prune_history", parameters)
}

async function wholeReads(queue: TestQueue, name: StatementName, parameters: readonly string[]): Promise<string[]> {
  const client = await queue.pool.connect()
  try {
    return costsOfBacklog(await genericPlan(client, queue, name, parameters), queue)
  } finally {
    client.release()
  }
}

async function explain(queue: TestQueue, sql: string) {
  const [row] = await queue.sql(`explain (format json) ${sql}`)
  return (row!["QUERY PLAN"] as { Plan: PlanNode }[])[0]!.Plan
}

/** Half of the jobs for each of two entrypoints, of three priorities. */
async function fill(queue: TestQueue, count: number): Promise<void> {
  await queue.sql(
    `with written as (
      insert into pgqueuer.job (entrypoint, priority)
      select case n % 2 when 0 then 'a' else 'b' end, n % 3 from generate_series(1, $1::int) as n
      returning id, entrypoint, priority
    )
    insert into pgqueuer.ready (entrypoint, rank, seq, job_id) select entrypoint, ~priority, id, id from written`,
    [count],
  )
}

async function analyse(queue: TestQueue): Promise<void> {
  for (const table of ["job", "ready", "deferred", "claim", "outcome", "worker", "held", "failure"]) {
    await queue.sql(`vacuum analyze pgqueuer.${table}`)
  }
}
