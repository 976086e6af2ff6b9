import { expect, it } from "vitest"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"
import { startWorkerProcess, type WorkerProcess, type WorkerProcessOptions } from "../support/worker-process.js"

it("runs the jobs of a killed worker elsewhere, and no other job twice", async () => {
  const queue = await installQueue()
  const options = { heartbeatTimeout: "5s", maxConcurrentTasks: 20 } as const
  const workers = await Promise.all([1, 2, 3].map(() => spawn(queue, { entrypoints: ["sleep"], options })))
  await queue.queries.enqueueMany(Array.from({ length: 1_000 }, () => ({ entrypoint: "sleep", payload: 300 })))
  await queue.ended(500, 60_000)
  const [victim] = workers as [WorkerProcess]
  // Stopped first, so that what it holds can be counted before it dies.
  victim.kill("SIGSTOP")
  const held = await settled(() => heldBy(queue, victim))
  victim.kill("SIGKILL")
  await queue.ended(1_000, 60_000)

  const runs = workers.flatMap((worker) => worker.started)
  expect(new Set(runs).size).toBe(1_000)
  expect(runs.length).toBeLessThanOrEqual(1_000 + held)
  expect(await queue.queries.statistics()).toMatchObject([{ status: "successful", count: 1_000 }])
}, 150_000)

it("fails a job that kills its worker after four runs at most, and its neighbours succeed", async () => {
  const queue = await installQueue()
  const options = { heartbeatTimeout: "1s", maxConcurrentTasks: 10 } as const
  const [poison] = await queue.queries.enqueue("poison")
  const neighbours = await queue.queries.enqueueMany(
    Array.from({ length: 30 }, () => ({ entrypoint: "sleep", payload: 100 })),
  )
  const workers: WorkerProcess[] = []
  await eventually(
    async () => {
      if (workers.filter((worker) => isAlive(worker)).length < 2) {
        workers.push(await spawn(queue, { entrypoints: ["sleep", "poison"], options }))
      }
      const { status } = (await queue.queries.job(poison!))!
      return status === "failed" && (await queue.queries.queueSize()).length === 1
    },
    90_000,
    50,
  )

  const runs = workers.flatMap((worker) => worker.started)
  expect(runs.filter((id) => id === poison).length).toBeLessThanOrEqual(4)
  expect(await queue.queries.job(poison!)).toMatchObject({
    status: "failed",
    error: "worker lost",
    attempt: 1,
    rescues: 4,
  })
  expect(await queue.queries.failures(poison!)).toMatchObject([{ error: "worker lost" }])
  for (const id of neighbours) expect((await queue.queries.job(id))!.status).toBe("successful")
  expect(await queue.queries.delete(poison!)).toEqual([{ id: poison, done: true, status: "deleted" }])
}, 120_000)

it("runs the job of a blocked worker elsewhere, refuses the first one's end, and lets it go on", async () => {
  const queue = await installQueue()
  const blocked = await spawn(queue, { entrypoints: ["block"], options: { heartbeatTimeout: "2s" } })
  const [id] = await queue.queries.enqueue("block", 6_000)
  await eventually(() => blocked.started.length === 1)
  const other = await spawn(queue, { entrypoints: ["block"], options: { heartbeatTimeout: "2s", neverBlocks: true } })
  await queue.ended(1)
  const job = (await queue.queries.job(id!))!
  expect(job).toMatchObject({ status: "successful", worker: { pid: other.pid }, attempt: 1 })
  expect(other.started).toEqual([id])

  await eventually(() => blocked.finished.length === 1)
  await eventually(() => blocked.logged.some((line) => line.includes("started again")))
  expect(await queue.queries.job(id!)).toEqual(job)
  other.kill("SIGTERM")
  expect(await other.exited).toBe(0)
  await queue.queries.enqueue("block", 0)
  await queue.ended(2)
  expect(blocked.started).toHaveLength(2)
}, 60_000)

it.each([
  ["an end", "block"],
  ["a retry", "blockAndRetry"],
] as const)(
  "refuses and logs %s that comes too late, and records one end",
  async (_, entrypoint) => {
    const queue = await installQueue()
    const blocked = await spawn(queue, { entrypoints: [entrypoint], options: { heartbeatTimeout: "3s" } })
    const [id] = await queue.queries.enqueue(entrypoint, 8_000)
    await eventually(() => blocked.started.length === 1)
    const options = { heartbeatTimeout: "3s", neverBlocks: true } as const
    const other = await spawn(queue, { entrypoints: [entrypoint], options })
    await queue.ended(1)
    const job = (await queue.queries.job(id!))!
    expect(job).toMatchObject({ status: "successful", worker: { pid: other.pid }, attempt: 1 })
    await eventually(() => blocked.logged.some((line) => line.includes("started again")))
    expect(blocked.logged.filter((line) => line.includes("not recorded"))).toEqual([
      expect.stringMatching(new RegExp(`^warn how jobs ended was not recorded.* jobs=${id}$`)),
    ])
    expect(await queue.queries.job(id!)).toEqual(job)
    expect(await queue.queries.failures(id!)).toEqual([])
  },
  60_000,
)

it("keeps the jobs of a handler that blocks for longer than the heartbeat timeout, when a thread beats for it", async () => {
  const queue = await installQueue()
  const options = { heartbeatTimeout: "2s", heartbeatThread: true } as const
  const blocked = await spawn(queue, { entrypoints: ["block"], options })
  const [id] = await queue.queries.enqueue("block", 8_000)
  await eventually(() => blocked.started.length === 1)
  const other = await spawn(queue, { entrypoints: ["block"], options: { ...options, neverBlocks: true } })
  await queue.ended(1, 30_000)
  expect(await queue.queries.job(id!)).toMatchObject({
    status: "successful",
    worker: { pid: blocked.pid },
    attempt: 1,
    rescues: 0,
  })
  expect(other.started).toEqual([])
  expect(blocked.logged.filter((line) => !line.startsWith("info"))).toEqual([])
  blocked.kill("SIGTERM")
  expect(await blocked.exited).toBe(0)
}, 60_000)

it("rescues the jobs of a killed worker, heartbeat thread or not", async () => {
  const queue = await installQueue()
  const options = { heartbeatTimeout: "2s", heartbeatThread: true } as const
  const killed = await spawn(queue, { entrypoints: ["sleep"], options })
  await queue.queries.enqueue("sleep", 3_000)
  await eventually(() => killed.started.length === 1)
  const other = await spawn(queue, { entrypoints: ["sleep"], options })
  killed.kill("SIGKILL")
  await queue.ended(1)
  await eventually(() => other.finished.length === 1)
}, 60_000)

it("aborts the handlers of a worker that was declared dead, with the reason lease-lost", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ heartbeatTimeout: "2s" })
  const reasons: unknown[] = []
  const lost: string[] = []
  pgq.entrypoint("a", (job, { signal }) => {
    if (reasons.length > 0) return
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason.reason)
        resolve(job.id)
      }),
    )
  })
  pgq.on("lease-lost", ({ job }) => lost.push(job.id))
  start()
  const [id] = await queue.queries.enqueue("a")
  await eventually(async () => (await queue.queries.job(id!))!.status === "picked")
  await queue.sql("update pgqueuer.worker set stopped_at = now(), lost = true")
  await queue.ended(1)
  expect(reasons).toEqual(["lease-lost"])
  expect(lost).toEqual([id])
  expect(await queue.queries.job(id!)).toMatchObject({ status: "successful", attempt: 1 })
})

it("keeps every job in one place while workers are declared dead, jobs retried, put back, promoted and canceled", async () => {
  const queue = await installQueue()
  const workers = Array.from({ length: 3 }, () =>
    queue.worker({ heartbeatTimeout: "1s", maxConcurrentTasks: 10, maxRescues: 1_000 }),
  )
  for (const { pgq, start } of workers) {
    pgq.entrypoint("a", async (job) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
      if (job.attempt < 3 && Math.random() < 0.3) throw new RetryRequested({ delay: Math.random() * 50 })
      if (Math.random() < 0.1) throw new Error("now and then")
    })
    start()
  }
  const ids: string[] = []
  const canceled: string[] = []
  const end = performance.now() + 8_000
  for (let round = 0; performance.now() < end; round++) {
    const fresh = await queue.queries.enqueueMany(
      Array.from({ length: 20 }, (_, n) => ({
        entrypoint: "a",
        priority: n % 3,
        executeAfter: n % 2 === 0 ? 0 : n * 5,
      })),
    )
    ids.push(...fresh)
    const some = ids.slice(-60).filter(() => Math.random() < 0.1)
    for (const result of await queue.queries.cancel(some)) if (result.done) canceled.push(result.id)
    if (round % 10 === 9) {
      // What a rescuer does first to a worker that was cut off for a while, and lives on.
      await queue.sql(`update pgqueuer.worker set stopped_at = now(), lost = true where id = (
        select id from pgqueuer.worker where stopped_at is null order by random() limit 1)`)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await queue.ended(ids.length, 60_000)
  const [row] = await queue.sql<{ rescued: number }>("select count(*)::int as rescued from pgqueuer.worker where lost")
  expect(row!.rescued).toBeGreaterThan(1)
  const statuses = await queue.sql<{ id: string; status: string }>(
    "select job_id::text as id, status from pgqueuer.outcome",
  )
  expect(statuses.map((outcome) => outcome.id).sort()).toEqual([...ids].sort())
  const endedAsCanceled = statuses.filter((outcome) => outcome.status === "canceled").map((outcome) => outcome.id)
  // A job that was asked to stop can be asked again.
  expect(endedAsCanceled.sort()).toEqual([...new Set(canceled)].sort())
}, 120_000)

function spawn(
  queue: TestQueue,
  options: Pick<WorkerProcessOptions, "entrypoints" | "options">,
): Promise<WorkerProcess> {
  return startWorkerProcess({
    ...options,
    url: queue.database.url,
    options: { schema: queue.schema, ...options.options },
  })
}

function isAlive(worker: WorkerProcess): boolean {
  try {
    return process.kill(worker.pid, 0)
  } catch {
    return false
  }
}

async function heldBy(queue: TestQueue, worker: WorkerProcess): Promise<number> {
  const [row] = await queue.sql<{ held: number }>(
    `select coalesce(sum(cardinality(job_ids)), 0)::int as held
    from pgqueuer.claim as claim join pgqueuer.worker as worker on worker.id = claim.worker_id where worker.pid = $1`,
    [worker.pid],
  )
  return row!.held
}

/** A number once it has stopped to change: a statement that was sent before may still be running. */
async function settled(read: () => Promise<number>): Promise<number> {
  let last = await read()
  await eventually(
    async () => {
      const before = last
      last = await read()
      return last === before
    },
    10_000,
    300,
  )
  return last
}
