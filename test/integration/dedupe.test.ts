import type pg from "pg"
import { expect, it } from "vitest"
import type { OnConflict } from "../../src/index.js"
import { deferred, eventually, installQueue, type TestQueue } from "../support/queue.js"

const taken = { code: "PGQ_DUPLICATE_KEY" }

it("refuses a second unfinished job with the same key, and names the first", async () => {
  const { queries, sql } = await installQueue()
  const [id] = await queries.enqueue("mail", 1, { dedupeKey: "u7" })
  await expect(queries.enqueue("mail", 2, { dedupeKey: "u7" })).rejects.toMatchObject({
    ...taken,
    message: expect.stringMatching(`"u7".*"mail".*job ${id}`),
    remedy: expect.stringContaining("onConflict"),
  })
  expect(await sql("select payload::text as payload from pgqueuer.job")).toEqual([{ payload: "1" }])
})

it("keeps the keys of two entrypoints apart, and leaves jobs without a key alone", async () => {
  const { queries } = await installQueue()
  await queries.enqueue("mail", 1, { dedupeKey: "u7" })
  await expect(queries.enqueue("sync", 1, { dedupeKey: "u7" })).resolves.toHaveLength(1)
  await expect(queries.enqueue("mail", 1)).resolves.toHaveLength(1)
  await expect(queries.enqueue("mail", 1, { dedupeKey: "U7" })).resolves.toHaveLength(1)
})

it("skips a job whose key is taken, with null in its place", async () => {
  const { queries } = await installQueue()
  await queries.enqueue("mail", 1, { dedupeKey: "b" })
  expect(await queries.enqueue("mail", 2, { dedupeKey: "b", onConflict: "skip" })).toEqual([null])
  const ids = await queries.enqueueMany(
    ["a", "b", undefined, "c", "a"].map((dedupeKey) => ({ entrypoint: "mail", dedupeKey })),
    { onConflict: "skip" },
  )
  expect(ids).toEqual([expect.any(String), null, expect.any(String), expect.any(String), null])
  expect(await queries.queueSize()).toEqual([{ entrypoint: "mail", status: "queued", count: 4 }])
})

it("lets the first win for skip and the last for replace, when one batch has a key twice", async () => {
  const { queries } = await installQueue()
  const batch = (dedupeKey: string) => [1, 2, 3].map((payload) => ({ entrypoint: "mail", payload, dedupeKey }))
  const skipped = await queries.enqueueMany(batch("a"), { onConflict: "skip" })
  expect(skipped).toEqual([expect.any(String), null, null])
  expect((await queries.job(skipped[0]!))!.payload).toBe(1)
  const replaced = await queries.enqueueMany(batch("b"), { onConflict: "replace" })
  expect(replaced).toEqual([null, null, expect.any(String)])
  expect((await queries.job(replaced[2]!))!.payload).toBe(3)
  expect(await queries.jobs()).toHaveLength(2)
})

it("refuses a batch that has a key twice, or one that is taken, and writes nothing of it", async () => {
  const { queries, sql } = await installQueue()
  await expect(queries.enqueueMany(["a", "b", "a"].map(job))).rejects.toMatchObject({
    ...taken,
    message: expect.stringContaining("jobs 0 and 2"),
  })
  const [id] = await queries.enqueue("mail", 1, { dedupeKey: "b" })
  await expect(queries.enqueueMany(["a", "b", "c"].map(job))).rejects.toMatchObject({
    ...taken,
    message: expect.stringContaining(`job ${id}`),
  })
  expect(await queries.jobs()).toHaveLength(1)
  expect(await sql("select key from pgqueuer.dedupe")).toEqual([{ key: "b" }])
  await expect(queries.enqueueMany(["a", "c"].map(job))).resolves.toHaveLength(2)
})

it("replaces a queued, a deferred and a held job under a new id", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const [queued] = await queries.enqueue("mail", 1, { dedupeKey: "queued" })
  const [later] = await queries.enqueue("mail", 1, { dedupeKey: "deferred", executeAfter: "1h" })
  const [held] = await queries.enqueue("mail", 1, { dedupeKey: "held" })
  await hold(queue, held!)
  for (const [key, old] of [
    ["queued", queued],
    ["deferred", later],
    ["held", held],
  ]) {
    const [id] = await queries.enqueue("mail", 2, { dedupeKey: key, onConflict: "replace" })
    expect(await queries.job(old!)).toMatchObject({ status: "deleted", error: `replaced by job ${id}` })
    expect(await queries.job(id!)).toMatchObject({ status: "queued", payload: 2 })
    expect(await holderOf(queue, key!)).toBe(id)
  }
})

it("does not replace a job that a worker holds, nor anything else of that batch", async () => {
  const queue = await installQueue()
  const gate = deferred()
  const { pgq, start } = queue.worker()
  pgq.entrypoint("mail", () => gate.promise)
  const [waiting] = await queue.queries.enqueue("mail", 1, { dedupeKey: "a", executeAfter: "1h" })
  const [running] = await queue.queries.enqueue("mail", 1, { dedupeKey: "b" })
  start()
  await eventually(async () => (await queue.queries.job(running!))!.status === "picked")
  await expect(queue.queries.enqueueMany(["a", "b", "c"].map(job), { onConflict: "replace" })).rejects.toMatchObject({
    code: "PGQ_DUPLICATE_RUNNING",
    message: expect.stringContaining(`job ${running}`),
  })
  await expect(queue.queries.enqueue("mail", 2, { dedupeKey: "b" })).rejects.toMatchObject(taken)
  expect(await queue.queries.job(waiting!)).toMatchObject({ status: "deferred" })
  expect(await queue.queries.jobs()).toHaveLength(2)
  gate.resolve()
  await queue.ended(1)
  await expect(queue.queries.enqueue("mail", 2, { dedupeKey: "b", onConflict: "replace" })).resolves.toHaveLength(1)
})

it("frees a key when its job has ended, whichever way, and leaves no row of it behind", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("mail", (current) => {
    if (current.payload === "exception") throw new Error("no")
  })
  for (const payload of ["successful", "exception"]) {
    await queue.queries.enqueue("mail", payload, { dedupeKey: payload })
  }
  await drain()
  for (const status of ["canceled", "deleted"]) {
    const [id] = await queue.queries.enqueue("mail", status, { dedupeKey: status })
    await (status === "canceled" ? queue.queries.cancel(id!) : queue.queries.delete(id!))
  }
  expect(await queue.sql("select from pgqueuer.dedupe")).toEqual([])
  const ids = await queue.queries.enqueueMany(["successful", "exception", "canceled", "deleted"].map(job))
  expect(ids).toHaveLength(4)
})

it("keeps a key taken while its job waits for a retry or is held", async () => {
  const queue = await installQueue()
  const { queries } = queue
  const [later] = await queries.enqueue("mail", 1, { dedupeKey: "deferred", executeAfter: "1h" })
  const [held] = await queries.enqueue("mail", 1, { dedupeKey: "held" })
  await hold(queue, held!)
  for (const dedupeKey of ["deferred", "held"]) {
    await expect(queries.enqueue("mail", 2, { dedupeKey })).rejects.toMatchObject(taken)
    expect(await queries.enqueue("mail", 2, { dedupeKey, onConflict: "skip" })).toEqual([null])
  }
  await queries.delete([later!, held!])
  await expect(queries.enqueueMany(["deferred", "held"].map(job))).resolves.toHaveLength(2)
})

it("frees the key of a canceled job whose worker was lost", async () => {
  const queue = await installQueue()
  const [id] = await queue.queries.enqueue("mail", 1, { dedupeKey: "a" })
  await queue.sql(
    `with dead as (
      insert into pgqueuer.worker (host, pid, version, entrypoints, heartbeat_timeout_ms, heartbeat_at)
      values ('gone', 1, '0', '{mail}', 1000, now() - interval '1 hour') returning id
    ),
    taken as (delete from pgqueuer.ready as ready returning *)
    insert into pgqueuer.claim (worker_id, entrypoint, job_ids, seqs, ranks, attempts, stop_ids)
    select dead.id, entrypoint, array[job_id], array[seq], array[rank], array[attempt], array[job_id] from dead, taken`,
  )
  await expect(queue.queries.enqueue("mail", 2, { dedupeKey: "a" })).rejects.toMatchObject(taken)
  const { pgq, start } = queue.worker()
  pgq.entrypoint("mail", () => {})
  start()
  await queue.ended(1)
  expect(await queue.queries.job(id!)).toMatchObject({ status: "canceled" })
  expect(await queue.sql("select from pgqueuer.dedupe")).toEqual([])
  await expect(queue.queries.enqueue("mail", 2, { dedupeKey: "a" })).resolves.toHaveLength(1)
  await queue.ended(2)
})

it("takes over a row that an end could not free because somebody was at it", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("mail", () => {})
  const [first] = await queue.queries.enqueue("mail", 1, { dedupeKey: "a" })
  const client = await queue.pool.connect()
  try {
    await client.query("begin")
    await client.query(`select from ${queue.schema}.dedupe for update`)
    await drain()
    await client.query("commit")
  } finally {
    client.release()
  }
  expect(await holderOf(queue, "a")).toBe(first)
  const [second] = await queue.queries.enqueue("mail", 2, { dedupeKey: "a" })
  expect(await holderOf(queue, "a")).toBe(second)
  await expect(queue.queries.enqueue("mail", 3, { dedupeKey: "a" })).rejects.toMatchObject(taken)
})

it.each(["raise", "skip", "replace"] as const)(
  "takes over a row whose job is gone without a trace, for %s",
  async (onConflict) => {
    const { queries, sql } = await installQueue()
    await sql("insert into pgqueuer.dedupe (entrypoint, key, job_id) values ('mail', 'a', 0)")
    expect(await queries.enqueueMany([job("a"), job("b")], { onConflict })).toEqual([
      expect.any(String),
      expect.any(String),
    ])
  },
)

it("frees a key when the transaction that took it is rolled back", async () => {
  const { queries, pool } = await installQueue()
  const client = await pool.connect()
  try {
    await client.query("begin")
    const blocker = await pidOf(client)
    await queries.enqueue("mail", 1, { dedupeKey: "a", transaction: client })
    const waiting = queries.enqueue("mail", 2, { dedupeKey: "a" })
    await eventually(async () => (await waitingFor(pool, blocker)) === 1)
    await client.query("rollback")
    const [id] = await waiting
    expect((await queries.job(id!))!.payload).toBe(2)
  } finally {
    client.release()
  }
  expect(await queries.jobs()).toHaveLength(1)
})

it("waits for a transaction that takes the same key, and loses against its commit", async () => {
  const { queries, pool } = await installQueue()
  const client = await pool.connect()
  try {
    await client.query("begin")
    const blocker = await pidOf(client)
    const [id] = await queries.enqueue("mail", 1, { dedupeKey: "a", transaction: client })
    const raised = queries.enqueue("mail", 2, { dedupeKey: "a" }).catch((error) => error)
    const skipped = queries.enqueue("mail", 3, { dedupeKey: "a", onConflict: "skip" })
    await eventually(async () => (await waitingFor(pool, blocker)) === 2)
    await client.query("commit")
    expect(await raised).toMatchObject({ ...taken, message: expect.stringContaining(`job ${id}`) })
    expect(await skipped).toEqual([null])
  } finally {
    client.release()
  }
})

it("leaves the caller's transaction usable when a key in it is refused", async () => {
  const { queries, pool } = await installQueue()
  await queries.enqueue("mail", 1, { dedupeKey: "a" })
  const client = await pool.connect()
  try {
    await client.query("begin")
    const within = { transaction: client }
    await expect(queries.enqueue("mail", 2, { dedupeKey: "a", ...within })).rejects.toMatchObject(taken)
    await expect(queries.enqueueMany(["b", "a"].map(job), within)).rejects.toMatchObject(taken)
    await expect(queries.enqueueMany(["b", "c"].map(job), within)).resolves.toHaveLength(2)
    await queries.enqueue("mail", 3, { dedupeKey: "a", onConflict: "replace", ...within })
    await client.query("commit")
  } finally {
    client.release()
  }
  expect(await queries.queueSize()).toEqual([{ entrypoint: "mail", status: "queued", count: 3 }])
})

it("writes 10,000 keys in one call, and none of them a second time", async () => {
  const { queries } = await installQueue()
  const jobs = Array.from({ length: 10_000 }, (_, n) => job(`key ${n}`))
  expect(new Set(await queries.enqueueMany(jobs)).size).toBe(10_000)
  expect((await queries.enqueueMany(jobs, { onConflict: "skip" })).every((id) => id === null)).toBe(true)
  await expect(queries.enqueueMany(jobs)).rejects.toMatchObject(taken)
  expect(new Set(await queries.enqueueMany(jobs, { onConflict: "replace" })).size).toBe(10_000)
  expect(await queries.queueSize()).toEqual([{ entrypoint: "mail", status: "queued", count: 10_000 }])
}, 60_000)

it("does not deadlock when 200 pairs of batches take the same keys in opposite order: one job a key", async () => {
  const { queries } = await installQueue({ pool: { max: 10 } })
  for (let round = 0; round < 200; round += 5) {
    const pairs = Array.from({ length: 5 }, (_, pair) => {
      const keys = Array.from({ length: 20 }, (_, n) => `${round + pair} ${n}`)
      return [keys, [...keys].reverse()]
    })
    const calls = pairs.flat().map((keys) => queries.enqueueMany(keys.map(job), { onConflict: "skip" }))
    const written = (await Promise.all(calls)).flat().filter((id) => id !== null)
    expect(written).toHaveLength(100)
  }
}, 60_000)

it("does not deadlock when all ways to meet a conflict meet: exactly one live job a key", async () => {
  const queue = await installQueue({ pool: { max: 10 } })
  const keys = Array.from({ length: 12 }, (_, n) => `key ${n}`)
  const ways: OnConflict[] = ["replace", "replace", "skip", "raise"]
  for (let round = 0; round < 25; round++) {
    const calls = ways.flatMap((onConflict, n) => {
      const some = keys.filter((_, index) => (index + round + n) % 3 !== 0)
      return [some, [...some].reverse()].map((ordered) => queue.queries.enqueueMany(ordered.map(job), { onConflict }))
    })
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === "rejected") expect(result.reason).toMatchObject(taken)
    }
  }
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "mail", status: "queued", count: keys.length }])
}, 60_000)

it("keeps exactly one live job a key in a storm of replacements while a worker runs the jobs", async () => {
  const queue = await installQueue({ pool: { max: 10 } })
  const running = new Map<string, number>()
  let overlaps = 0
  const { pgq, start } = queue.worker({ maxConcurrentTasks: 10 })
  pgq.entrypoint("mail", async (current) => {
    const key = String(current.payload)
    running.set(key, (running.get(key) ?? 0) + 1)
    if (running.get(key)! > 1) overlaps++
    await new Promise((resolve) => setTimeout(resolve, 1))
    running.set(key, running.get(key)! - 1)
  })
  start()
  const refused: unknown[] = []
  const written: string[] = []
  await Promise.all(
    Array.from({ length: 8 }, async (_, producer) => {
      for (let n = 0; n < 50; n++) {
        const key = `key ${(n + producer) % 5}`
        const options = { dedupeKey: key, onConflict: "replace" } as const
        await queue.queries.enqueue("mail", key, options).then(
          ([id]) => written.push(id!),
          (error) => refused.push(error.code),
        )
      }
    }),
  )
  await queue.ended(written.length)
  expect(refused.filter((code) => code !== "PGQ_DUPLICATE_RUNNING")).toEqual([])
  expect(overlaps).toBe(0)
  expect(await queue.queries.queueSize()).toEqual([])
}, 60_000)

it.each([[""], ["x".repeat(256)], ["ä".repeat(128)], ["a\0b"], [7], [null], ["\ud800"]])(
  "refuses %j as a key",
  async (key) => {
    const { queries } = await installQueue()
    await expect(queries.enqueue("mail", 1, { dedupeKey: key as string })).rejects.toMatchObject({
      code: "PGQ_OPTION_INVALID",
      message: expect.stringContaining("dedupeKey"),
    })
  },
)

it("refuses an unknown way to meet a conflict", async () => {
  const { queries } = await installQueue()
  const options = { dedupeKey: "a", onConflict: "ignore" as OnConflict }
  await expect(queries.enqueue("mail", 1, options)).rejects.toMatchObject({ code: "PGQ_OPTION_INVALID" })
  await expect(queries.enqueueMany([], { onConflict: null as never })).rejects.toMatchObject({
    code: "PGQ_OPTION_INVALID",
  })
})

it("wakes an idle worker for a job with a key, and not for one that was skipped", async () => {
  const queue = await installQueue()
  const heard: string[] = []
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  const seen: unknown[] = []
  pgq.entrypoint("mail", (current) => void seen.push(current.payload))
  start()
  await queue.queries.enqueue("mail", "first", { dedupeKey: "a" })
  await eventually(() => seen.length === 1, 5_000)
  await queue.queries.enqueue("later", 1, { dedupeKey: "a" })
  const subscription = await queue.driver.listen(`${queue.schema}.events`, {
    // The worker asks itself whether notifications arrive.
    onNotification: (payload) => payload.includes('"echo"') || heard.push(payload),
    onLost() {},
  })
  await queue.queries.enqueue("later", 1, { dedupeKey: "a", onConflict: "skip" })
  await new Promise((resolve) => setTimeout(resolve, 20))
  await queue.queries.enqueue("mail", "second", { dedupeKey: "a", onConflict: "replace" })
  await eventually(() => seen.length === 2, 5_000)
  await eventually(() => heard.length > 0)
  await subscription.close()
  expect(heard).toEqual([expect.stringContaining('"mail"')])
})

function job(dedupeKey: string) {
  return { entrypoint: "mail", dedupeKey }
}

async function hold(queue: TestQueue, id: string): Promise<void> {
  await queue.sql(
    `with taken as (delete from pgqueuer.ready as ready where job_id = $1::bigint returning *)
    insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues, error)
    select job_id, entrypoint, rank, attempt, rescues, 'worker lost' from taken`,
    [id],
  )
}

async function holderOf({ sql }: TestQueue, key: string): Promise<string | undefined> {
  const [row] = await sql<{ id: string }>("select job_id::text as id from pgqueuer.dedupe where key = $1", [key])
  return row?.id
}

async function pidOf(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid")
  return rows[0]!.pid
}

/** How many sessions wait for another one. */
async function waitingFor(pool: pg.Pool, blocker: number): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where $1 = any (pg_blocking_pids(pid))",
    [blocker],
  )
  return rows[0]!.count
}
