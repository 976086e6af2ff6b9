import { expect, it } from "vitest"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

it("knows no reason of an id that no job has but that", async () => {
  const { queries } = await installQueue()
  expect(await queries.explain("404")).toMatchObject({ status: "unknown", reasons: [{ code: "unknown" }] })
  await expect(queries.explain("x")).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
})

it("says in how long a deferred job starts, and after a failure as which attempt", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("a", null, { executeAfter: "2h" })
  await addWorker(queue)
  expect(await queue.queries.explain(id!)).toEqual({
    id,
    status: "deferred",
    reasons: [{ code: "deferred", text: expect.stringMatching(/^it starts in (120 min|2 h), not before$/) }],
  })
  const [again] = await queue.queries.enqueue("b")
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("b", () => {
    throw new RetryRequested({ delay: "10s" })
  })
  await drain()
  await addWorker(queue, "b")
  expect(await texts(queue, again!)).toEqual([expect.stringMatching(/^its attempt 2 starts in \d+\.\d s/)])
})

it("names the workers that had a handler, when none that runs has one", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("a")
  expect(await texts(queue, id!)).toEqual([
    "no running worker has a handler for a; none of the last week had one (is the name right?)",
  ])
  await addWorker(queue, "a", "stopped_at = '2026-01-02T03:04:05Z'")
  await addWorker(queue, "a", "stopped_at = '2026-01-01T03:04:05Z', lost = true")
  await addWorker(queue, "a", "heartbeat_at = now() - interval '5 minutes'")
  expect(await codes(queue, id!)).toEqual(["no-worker"])
  const [text] = await texts(queue, id!)
  expect(text).toContain("worker 3 (pid 7 on far) was last heard of 5 min ago")
  expect(text).toContain("worker 1 (pid 7 on far) stopped at 2026-01-02T03:04:05.000Z")
  expect(text).toContain("worker 2 (pid 7 on far) was declared dead at 2026-01-01")
})

it("tells of a pause, a limit with its holders, a rate and of those ahead, all at once", async () => {
  const queue = await installQueue()
  const { queries } = queue
  await addWorker(queue)
  const [held] = await queries.enqueue("a")
  await hold(queue, held!, 1)
  await queries.enqueue("a")
  await queries.enqueue("a", null, { priority: 5 })
  await queries.enqueue("b", null, { priority: 9 })
  const [id] = await queries.enqueue("a")
  await queries.enqueue("a")
  expect(await codes(queue, id!)).toEqual(["behind"])
  expect(await texts(queue, id!)).toEqual([
    "2 jobs of its entrypoint are before it, 1 of higher priority; 1 are held now",
  ])
  await queries.setLimits("a", { concurrencyLimit: 1, requestsPerSecond: 0.1 })
  await queue.sql("update pgqueuer.gate set next_start_at = now() + interval '8 seconds'")
  await queries.pause("a")
  const { status, reasons } = await queries.explain(id!)
  expect(status).toBe("queued")
  expect(reasons.map(({ code }) => code)).toEqual(["paused", "concurrency-limit", "rate-limit", "behind"])
  expect(reasons[1]!.text).toContain("the concurrency limit is 1: 1 by worker 1 (pid 7 on far)")
  expect(reasons[2]!.text).toMatch(/at most 0\.1 a second: the next free start is in [78]\.\d s/)
})

it("counts no more than ten thousand ahead", async () => {
  const queue = await installQueue({ checked: false })
  await addWorker(queue)
  await queue.queries.enqueueMany(Array.from({ length: 10_001 }, () => ({ entrypoint: "a" })))
  const [id] = await queue.queries.enqueue("a")
  expect((await texts(queue, id!))[0]).toMatch(/^more than 10,000 jobs of its entrypoint are before it/)
})

it("says who holds a job, since when, and whether that worker still lives", async () => {
  const queue = await installQueue()
  const gate = deferred()
  const [id] = await queue.queries.enqueue("slow")
  const { pgq, start } = queue.worker()
  pgq.entrypoint("slow", () => gate.promise)
  start()
  await eventually(async () => (await queue.queries.job(id!))?.status === "picked")
  expect(await queue.queries.explain(id!)).toEqual({
    id,
    status: "picked",
    reasons: [
      {
        code: "picked",
        text: expect.stringMatching(/^worker 1 \(pid \d+ on .+\) holds it since .+; its last heartbeat was .+ ago$/),
      },
    ],
  })
  await queue.queries.cancel(id!)
  expect(await codes(queue, id!)).toEqual(["stopping", "picked"])
  gate.resolve()
  await queue.ended(1)
})

it("says when the worker that holds a job is silent or gone", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("a")
  await addWorker(queue, "a", "heartbeat_at = now() - interval '5 minutes'")
  await hold(queue, id!, 1)
  expect(await codes(queue, id!)).toEqual(["picked", "worker-gone"])
  await queue.sql("update pgqueuer.worker set stopped_at = now(), lost = true")
  expect(await codes(queue, id!)).toEqual(["worker-gone"])
})

it("says what to do about a job that is held after its failure, with the error", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("bad")
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("bad", () => Promise.reject(new Error("no paper\nat all")), { onFailure: "hold" })
  await drain()
  const { status, reasons } = await queue.queries.explain(id!)
  expect({ status, code: reasons[0]!.code }).toEqual({ status: "failed", code: "held" })
  expect(reasons[0]!.text).toContain(`in attempt 1 (Error: no paper), and is held for a decision: pgq requeue ${id}`)
})

it("says how and when a job ended", async () => {
  const queue = await installQueue()
  const [canceled, good] = await queue.queries.enqueue(["a", "good"])
  await queue.queries.cancel(canceled!)
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("good", () => {})
  await drain()
  expect(await texts(queue, canceled!)).toEqual([
    expect.stringMatching(/^it ended as canceled at 20.+Z, in attempt 1$/),
  ])
  expect(await texts(queue, good!)).toEqual([expect.stringMatching(/^it ended as successful at /)])
})

it("says that a job was not to start any more, and that a suspect runs apart", async () => {
  const queue = await installQueue()
  await addWorker(queue)
  const [id] = await queue.queries.enqueue("a", null, { expireAfter: "1h" })
  expect(await codes(queue, id!)).toEqual(["ready"])
  await queue.sql("update pgqueuer.job set expire_at = now() - interval '3 seconds'")
  await queue.sql("update pgqueuer.ready set rescues = 2")
  expect(await codes(queue, id!)).toEqual(["expired", "suspect"])
})

it("finds nothing in the way of a job that a worker should take now", async () => {
  const queue = await installQueue()
  await addWorker(queue)
  const [id] = await queue.queries.enqueue("a")
  await queue.queries.setLimits("a", { concurrencyLimit: 1 })
  expect(await texts(queue, id!)).toEqual([expect.stringMatching(/^nothing is in its way: 1 running worker has/)])
})

async function codes(queue: TestQueue, id: string): Promise<string[]> {
  return (await queue.queries.explain(id)).reasons.map(({ code }) => code)
}

async function texts(queue: TestQueue, id: string): Promise<string[]> {
  return (await queue.queries.explain(id)).reasons.map(({ text }) => text)
}

async function addWorker(queue: TestQueue, entrypoint = "a", change = "lost = false"): Promise<void> {
  const [row] = await queue.sql<{ id: string }>(
    `insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms)
    values ('far', 7, '0', array[$1::text], 30000) returning id::text as id`,
    [entrypoint],
  )
  await queue.sql(`update pgqueuer.worker set ${change} where id = $1::bigint`, [row!.id])
}

async function hold(queue: TestQueue, id: string, worker: number): Promise<void> {
  await queue.sql(
    `with taken as (delete from pgqueuer.ready where job_id = $1::bigint returning *)
    insert into pgqueuer.claim (worker_id, entrypoint, job_ids, seqs, ranks, attempts)
    select $2, entrypoint, array[job_id], array[seq], array[rank], array[attempt] from taken`,
    [id, worker],
  )
}
