import { expect, it, onTestFinished, vi } from "vitest"
import { PostgresRetentionStore } from "../../src/adapters/postgres/postgres-retention-store.js"
import { Statements } from "../../src/adapters/postgres/statement.js"
import { Retention } from "../../src/app/worker/retention.js"
import { resolveRetention } from "../../src/domain/retention.js"
import type { PruneStep } from "../../src/ports/retention-store.js"
import { FakeClock } from "../support/fake-clock.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

it("removes ends by their age since the end, each status by its own", async () => {
  const queue = await installQueue()
  await addEnds(queue, 3, { status: "successful", age: "25 hours" })
  await addEnds(queue, 1, { status: "successful", age: "23 hours" })
  await addEnds(queue, 1, { status: "exception", age: "25 hours" })
  await addEnds(queue, 2, { status: "exception", age: "169 hours" })
  await addEnds(queue, 1, { status: "canceled", age: "169 hours" })
  await addEnds(queue, 1, { status: "deleted", age: "169 hours" })
  const counts = [
    { entrypoint: "a", status: "canceled", count: 1 },
    { entrypoint: "a", status: "deleted", count: 1 },
    { entrypoint: "a", status: "exception", count: 2 },
    { entrypoint: "a", status: "successful", count: 3 },
  ]
  expect(await queue.queries.prune({ dryRun: true })).toEqual(counts)
  expect(await left(queue)).toEqual({ exception: 3, successful: 4, canceled: 1, deleted: 1 })
  expect(await queue.queries.prune()).toEqual(counts)
  expect(await left(queue)).toEqual({ exception: 1, successful: 1 })
  expect(await queue.queries.prune()).toEqual([])
})

it("goes by an entrypoint's own ages, which its worker's code says, and says no more when the option is gone", async () => {
  const queue = await installQueue()
  const start = async (retention?: false | { successful: 0; exception: false }) => {
    const { pgq, drain } = queue.worker()
    pgq.entrypoint("a", () => {}, retention === undefined ? {} : { retention })
    pgq.entrypoint("b", () => {})
    await drain()
  }
  const own = async () => await queue.sql("select name, retention from pgqueuer.entrypoint where retention is not null")
  await start({ successful: 0, exception: false })
  expect(await own()).toEqual([{ name: "a", retention: { successful: 0, exception: null } }])
  for (const entrypoint of ["a", "b"]) {
    await addEnds(queue, 1, { entrypoint, status: "successful", age: "1 second" })
    await addEnds(queue, 1, { entrypoint, status: "exception", age: "30 days" })
  }
  expect(await queue.queries.prune()).toEqual([
    { entrypoint: "a", status: "successful", count: 1 },
    { entrypoint: "b", status: "exception", count: 1 },
  ])
  await start(false)
  expect(await own()).toMatchObject([{ name: "a", retention: { successful: null, exception: null } }])
  await start()
  expect(await own()).toEqual([])
})

it("takes all that a job left behind along, and of others nothing", async () => {
  const queue = await installQueue()
  await addEnds(queue, 1, { status: "exception", age: "8 days" })
  await addEnds(queue, 1, { status: "exception", age: "6 days" })
  for (const id of [1, 2]) {
    await queue.sql("insert into pgqueuer.failure (job_id, attempt, error) values ($1, 1, 'no')", [id])
    await queue.sql("insert into pgqueuer.progress (job_id, attempt, value) values ($1, 1, '5')", [id])
    await queue.sql("insert into pgqueuer.log_line (job_id, attempt, level, message) values ($1, 1, 'info', 'hm')", [
      id,
    ])
    await queue.sql("insert into pgqueuer.dedupe (entrypoint, key, job_id) values ('a', $1::text, $1::bigint)", [id])
  }
  await queue.queries.prune()
  for (const table of ["failure", "progress", "log_line", "dedupe"]) {
    expect(await queue.sql(`select job_id::int as id from pgqueuer.${table}`), table).toEqual([{ id: 2 }])
  }
})

it("never removes a job that is unfinished or held, whatever its age", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const ids = await queries.enqueue(["a", "a", "a", "a"])
  await queries.enqueue("a", null, { executeAfter: "1h" })
  await queue.sql("update pgqueuer.job set created_at = now() - interval '30 days'")
  await queue.sql(`
    with taken as (delete from pgqueuer.ready where job_id = 1 returning *)
    insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues, held_at)
    select job_id, entrypoint, rank, attempt, rescues, now() - interval '30 days' from taken`)
  await queue.sql(`
    with taken as (delete from pgqueuer.ready where job_id in (2, 3) returning *)
    insert into pgqueuer.claim (worker_id, entrypoint, job_ids, seqs, ranks, attempts)
    select 1, 'a', array_agg(job_id), array_agg(seq), array_agg(rank), array_agg(attempt) from taken`)
  // Ended in a transaction of its handler; the worker has still to ask for it.
  await queue.sql(
    "insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, finished_at) values (3, 'a', 'successful', 1, now() - interval '30 days')",
  )
  expect(await queries.prune({ olderThan: 0 })).toEqual([])
  expect((await queries.jobs()).map((job) => job.status)).toEqual([
    "deferred",
    "queued",
    "successful",
    "picked",
    "failed",
  ])
  expect(ids).toHaveLength(4)
})

it("keeps to the statuses, entrypoints and the age that it is given", async () => {
  const queue = await installQueue()
  for (const entrypoint of ["a", "b"]) {
    for (const status of ["successful", "exception"]) await addEnds(queue, 2, { entrypoint, status, age: "2 hours" })
  }
  const options = { olderThan: "1h", statuses: ["exception"], entrypoints: ["b"] } as const
  expect(await queue.queries.prune({ ...options, olderThan: "3h" })).toEqual([])
  expect(await queue.queries.prune(options)).toEqual([{ entrypoint: "b", status: "exception", count: 2 }])
  expect(await left(queue)).toEqual({ exception: 2, successful: 4 })
  for (const wrong of [{ statuses: ["queued"] }, { olderThan: "soon" }, { older: 1 }]) {
    await expect(queue.queries.prune(wrong as object)).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  }
})

it("removes 100,000 old ends in batches while a worker runs jobs", async () => {
  const queue = await installQueue()
  await addEnds(queue, 100_000, { status: "successful", age: "2 days" })
  await queue.queries.enqueueMany(Array.from({ length: 5_000 }, () => ({ entrypoint: "b" })))
  const steps: number[] = []
  const { run, settled } = pass(queue, (count) => steps.push(count))
  const { pgq, drain } = queue.worker()
  let ran = 0
  pgq.entrypoint("b", () => void ran++)
  await Promise.all([run(), drain()])
  await settled
  expect(steps.reduce((sum, count) => sum + count, 0)).toBe(100_000)
  expect(Math.max(...steps)).toBeLessThanOrEqual(10_000)
  expect(ran).toBe(5_000)
  expect(await left(queue)).toEqual({ successful: 5_000 })
}, 60_000)

it("loses no job that is put back into line while history is removed", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const ids = await queries.enqueueMany(Array.from({ length: 300 }, () => ({ entrypoint: "a" })))
  const runs = new Map<string, number>()
  const worker = queue.worker()
  worker.pgq.entrypoint(
    "a",
    (job) => {
      runs.set(job.id, (runs.get(job.id) ?? 0) + 1)
      if (job.attempt === 1) throw new Error("not yet")
    },
    { onFailure: "hold" },
  )
  worker.start()
  let removed = 0
  let done = false
  const removing = (async () => {
    while (!done) for (const { count } of await queries.prune({ olderThan: 0 })) removed += count
  })()
  await eventually(async () => {
    await queries.requeue({ entrypoint: "a" })
    return [...runs.values()].filter((count) => count === 2).length === ids.length
  })
  await eventually(() => removed === ids.length)
  done = true
  await removing
  expect(await queries.jobs()).toEqual([])
  expect(new Set(runs.values())).toEqual(new Set([2]))
})

it("gives one worker at a time the turn, and ends the walk where jobs are too young", async () => {
  const queue = await installQueue()
  await addEnds(queue, 30_000, { status: "successful", age: "1 hour" })
  const read: PruneStep[] = []
  const first = pass(queue, (_, step) => read.push(step))
  await first.run()
  await first.settled
  expect(read).toHaveLength(1)
  const second = pass(queue, () => expect.unreachable())
  await second.run()
  expect(await second.turns()).toBe(1)
})

it("lets a worker sweep by itself, and what is kept for no time go with it", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0)
  onTestFinished(() => void vi.restoreAllMocks())
  const queue = await installQueue()
  await addEnds(queue, 1, { status: "successful", age: "2 days" })
  await addEnds(queue, 1, { status: "successful", age: "1 hour" })
  await addEnds(queue, 1, { entrypoint: "b", status: "successful", age: "1 second" })
  await queue.sql("insert into pgqueuer.watcher (seen_at) values (now() - interval '2 hours'), (now())")
  const { pgq, start, log } = queue.worker()
  pgq.entrypoint("b", () => {}, { retention: { successful: 0 } })
  start()
  await eventually(async () => (await left(queue))["successful"] === 1)
  expect(await queue.sql("select id::int as id from pgqueuer.watcher")).toEqual([{ id: 2 }])
  expect(log.messages("error")).toEqual([])
})

it("removes the runs of schedules in the same pass, however many, and keeps the newest of each and what is not over", async () => {
  const queue = await installQueue()
  const addRuns = (schedule: string, status: string, age: string, count: number) =>
    queue.sql(
      `insert into pgqueuer.schedule_run (schedule, tick, status, finished_at)
       select $1, now() - $3::interval, $2, case when $2 not in ('waiting', 'running') then now() - $3::interval end
       from generate_series(1, $4::int)`,
      [schedule, status, age, count],
    )
  await addRuns("often", "running", "90 days", 1)
  await addRuns("often", "successful", "2 days", 11_000)
  await addRuns("often", "skipped", "2 days", 6_000)
  await addRuns("often", "exception", "2 days", 2)
  await addRuns("often", "lost", "8 days", 3)
  await addRuns("often", "enqueued", "1 hour", 4)
  await addRuns("once", "successful", "90 days", 1)
  await pass(queue, () => {}).run()
  const left = () =>
    queue.sql("select schedule, status, count(*)::int from pgqueuer.schedule_run group by 1, 2 order by 1, 2")
  await eventually(async () => (await left()).reduce((sum, { count }) => sum + Number(count), 0) === 8)
  expect(await left()).toEqual([
    { schedule: "often", status: "enqueued", count: 4 },
    { schedule: "often", status: "exception", count: 2 },
    { schedule: "often", status: "running", count: 1 },
    { schedule: "once", status: "successful", count: 1 },
  ])
})

it("removes what people did when it is older than a year, or than the option says, and keeps it for ever when asked to", async () => {
  expect(resolveRetention().audit).toBe(365 * 86_400_000)
  expect(resolveRetention({ audit: "90d" })).toMatchObject({ audit: 90 * 86_400_000, successful: 86_400_000 })
  expect(resolveRetention({ audit: false }).audit).toBeNull()
  expect(resolveRetention(false).audit).toBeNull()
  expect(() => resolveRetention({ audit: "long" as never })).toThrow(
    expect.objectContaining({ code: "PGQ_OPTION_INVALID" }),
  )
  const queue = await installQueue()
  await queue.sql(
    `insert into pgqueuer.audit (at, person, role, action, target)
    select now() - n * interval '1 day', 'ann', 'admin', 'pause entrypoint', n::text from unnest(array[800, 366, 364, 1]) as n`,
  )
  await pass(queue, () => {}).run()
  const targets = async () =>
    (await queue.sql("select target from pgqueuer.audit order by at")).map(({ target }) => target)
  await expect.poll(targets, { timeout: 10_000 }).toEqual(["364", "1"])
})

/** One pass of the duty, on a clock that a test turns. */
function pass(queue: TestQueue, onStep: (removed: number, step: PruneStep) => void) {
  const store = new PostgresRetentionStore(queue.driver, new Statements(queue))
  const clock = new FakeClock()
  let turns = 0
  let end = () => {}
  const settled = new Promise<void>((resolve) => {
    end = resolve
  })
  const duty = new Retention({
    clock,
    duties: { clock, random: () => 0, onFailure: (_, error) => expect.unreachable(String(error)) },
    ages: resolveRetention(),
    store: {
      registerRetention: (ages) => store.registerRetention(ages),
      pruneRuns: (ages, removeAtMost) => store.pruneRuns(ages, removeAtMost),
      pruneAudit: (ageMs, removeAtMost) => store.pruneAudit(ageMs, removeAtMost),
      async takeTurn(turnMs, keep) {
        turns++
        return await store.takeTurn(turnMs, keep)
      },
      async prune(step) {
        const reply = await store.prune(step)
        onStep(
          reply.counts.reduce((sum, { count }) => sum + count, 0),
          step,
        )
        if (reply.next === null) end()
        return reply
      },
    },
  })
  onTestFinished(() => duty.stop())
  let running = true
  onTestFinished(() => {
    running = false
  })
  return {
    settled,
    async run() {
      duty.start()
      void (async () => {
        while (running) await clock.advance(1)
      })()
    },
    async turns() {
      await eventually(() => turns > 0)
      return turns
    },
  }
}

interface Ends {
  readonly entrypoint?: string
  readonly status: string
  readonly age: string
}

async function addEnds(queue: TestQueue, count: number, { entrypoint = "a", status, age }: Ends): Promise<void> {
  await queue.sql(
    `with written as (
      insert into pgqueuer.job (entrypoint, created_at)
      select $2::text, now() - $4::interval from generate_series(1, $1::int) returning id
    )
    insert into pgqueuer.outcome (job_id, entrypoint, status, attempt, finished_at)
    select id, $2::text, $3::text, 1, now() - $4::interval from written`,
    [count, entrypoint, status, age],
  )
}

/** How many ends there are, by status. */
async function left(queue: TestQueue): Promise<Record<string, number>> {
  const rows = await queue.sql<{ status: string; count: number }>(
    "select status, count(*)::int as count from pgqueuer.outcome group by status order by status",
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}
