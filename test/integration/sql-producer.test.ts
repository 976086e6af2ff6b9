import type pg from "pg"
import { expect, it } from "vitest"
import { eventually, installQueue, type TestQueue } from "../support/queue.js"

it("enqueues with one call of a function, and wakes a worker at once", async () => {
  const queue = await installQueue()
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  const seen: unknown[] = []
  pgq.entrypoint("fetch", (job) => void seen.push([plain(job.payload), job.headers, job.priority]))
  start()
  await queue.sql(`select pgqueuer.enqueue('fetch', '{"user":7}', priority => 5, headers => '{"tenant":"acme"}')`)
  await eventually(() => seen.length === 1, 5_000)
  await queue.sql("select pgqueuer.enqueue('fetch')")
  await queue.sql("select pgqueuer.enqueue('fetch', 'null')")
  await queue.sql(`select pgqueuer.enqueue('fetch', '"with \\u0000"')`)
  await queue.sql("select pgqueuer.enqueue_bytes('fetch', '\\x00ff')")
  await eventually(() => seen.length === 5, 5_000)
  expect(seen).toEqual([
    [{ user: 7 }, { tenant: "acme" }, 5],
    [undefined, {}, 0],
    [null, {}, 0],
    ["with \u0000", {}, 0],
    [new Uint8Array([0, 255]), {}, 0],
  ])
})

it.each(["", "acme_"])("works under the chosen schema, prefix %j and channel", async (prefix) => {
  const queue = await installQueue({ prefix })
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  const seen: unknown[] = []
  pgq.entrypoint("fetch", (job) => void seen.push(job.payload))
  start()
  await eventually(async () => (await queue.sql("select from pgqueuer.worker")).length === 1)
  await queue.sql("select pgqueuer.enqueue('fetch', '1')")
  await eventually(() => seen.length === 1, 5_000)
  expect((await queue.queries.verify()).missing).toEqual([])
})

it("writes what the API writes", async () => {
  const { queries, sql } = await installQueue()
  const jobs = [
    { entrypoint: "a" },
    { entrypoint: "ä 🐘", payload: { deep: [1, null, "x\\u0001"] }, priority: -2_147_483_648 },
    { entrypoint: "b", payload: null, executeAfter: "90m", dedupeKey: "k" },
    { entrypoint: "b", payload: "text", executeAfter: "2030-01-31T08:00:00+01:00", maxAttempts: 7 },
    { entrypoint: "b", payload: [], executeAfter: "1999-01-31 08:00Z", timeout: "1.5s", headers: { a: { b: 1 } } },
    { entrypoint: "c", payload: 0, executeAfter: 250, timeout: 20, expireAfter: "2d", priority: 2_147_483_647 },
    { entrypoint: "c", payload: false, expireAfter: "2031-01-31T08:00:00Z", headers: null, executeAfter: null },
  ]
  const snake = jobs.map((job) =>
    Object.fromEntries(
      Object.entries(job).map(([name, value]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value,
      ]),
    ),
  )
  const rows = () =>
    sql(
      `select entrypoint, priority, payload::text as payload, headers::text as headers, max_attempts, timeout_ms, dedupe_key,
        execute_after - created_at < interval '1 day' as soon, round(extract(epoch from
          case when execute_after < '2029-01-01' then execute_after - created_at else execute_after - '2000-01-01' end)) as execute_after,
        round(extract(epoch from
          case when expire_at < '2029-01-01' then expire_at - created_at else expire_at - '2000-01-01' end)) as expire_at,
        (select status from pgqueuer.job_status as status where status.job_id = job.id) as status
      from pgqueuer.job as job order by id`,
    )
  await queries.enqueueMany(jobs as never)
  const expected = await rows()
  expect(expected).toHaveLength(jobs.length)
  for (const given of [jobs, snake]) {
    await queries.delete(await idsOf(sql))
    await sql("truncate pgqueuer.job, pgqueuer.outcome, pgqueuer.dedupe, pgqueuer.expiry")
    await sql("select * from pgqueuer.enqueue_many($1::json)", [JSON.stringify(given)])
    expect(await rows()).toEqual(expected)
  }
})

it("answers enqueue_many with ids in the order of the jobs", async () => {
  const { queries, sql } = await installQueue()
  const jobs = Array.from({ length: 10_000 }, (_, n) => ({ entrypoint: "a", payload: n, dedupeKey: `${n >> 1}` }))
  const rows = await sql<{ id: string | null }>("select id::text from pgqueuer.enqueue_many($1::json, 'skip') as id", [
    JSON.stringify(jobs),
  ])
  expect(rows).toHaveLength(10_000)
  expect(rows.every(({ id }, n) => (id === null) === (n % 2 === 1))).toBe(true)
  expect((await queries.job(rows[4_000]!.id!))!.payload).toBe(4_000)
  expect(await sql("select * from pgqueuer.enqueue_many('[]')")).toEqual([])
})

it("counts a delay from the call, not from the start of the transaction", async () => {
  const { queries, pool, schema } = await installQueue()
  const client = await pool.connect()
  try {
    await client.query("begin")
    await client.query("select pg_sleep(0.3)")
    await client.query(`select ${schema}.enqueue('a', delay => '1 hour', expire_delay => '2 hours')`)
    await client.query("commit")
  } finally {
    client.release()
  }
  const [job] = await queries.jobs()
  const { rows } = await pool.query<{ now: Date }>("select now()")
  const wait = job!.executeAfter!.getTime() - rows[0]!.now.getTime()
  expect(job!.executeAfter!.getTime() - job!.createdAt.getTime()).toBe(3_600_000)
  expect(wait).toBeGreaterThan(3_600_000 - 290)
})

it("sends one notification for all calls of a transaction, and none when it is rolled back", async () => {
  const queue = await installQueue()
  const heard: string[] = []
  const subscription = await queue.driver.listen(`${queue.schema}.events`, {
    onNotification: (payload) => void heard.push(payload),
    onLost() {},
  })
  const client = await queue.pool.connect()
  try {
    for (const end of ["rollback", "commit"]) {
      await client.query("begin")
      for (let n = 0; n < 5; n++) await client.query(`select ${queue.schema}.enqueue('e${n}', '${n}')`)
      await client.query(end)
    }
  } finally {
    client.release()
  }
  await eventually(() => heard.length > 0)
  await queue.driver.query("select 1")
  await subscription.close()
  expect(heard).toEqual(["{}"])
  expect(await queue.queries.jobs()).toHaveLength(5)
})

it("runs each of 100 committed jobs once, after its commit, and none of 100 that are rolled back, over 50 connections", async () => {
  const queue = await installQueue()
  const pool = queue.database.pool({ max: 50 })
  const { pgq, start } = queue.worker({ pollInterval: "60s" })
  const runs: number[] = []
  const early: number[] = []
  const committing = new Set<number>()
  pgq.entrypoint("fetch", (job) => {
    runs.push(job.payload as number)
    if (!committing.has(job.payload as number)) early.push(job.payload as number)
  })
  start()
  await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const client = await pool.connect()
      try {
        await client.query("begin")
        await client.query(`select ${queue.schema}.enqueue('fetch', $1)`, [String(n)])
        await client.query("select pg_sleep(0.02)")
        if (n % 2 === 0) committing.add(n)
        await client.query(n % 2 === 0 ? "commit" : "rollback")
      } finally {
        client.release()
      }
    }),
  )
  await queue.ended(100)
  expect(early).toEqual([])
  expect(runs.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n * 2))
  expect(await queue.queries.queueSize()).toEqual([])
}, 60_000)

const large = `repeat('x', 1048576)`

it.each<[string, string, string, string, RegExp]>([
  ["no name", "enqueue(null)", "PQ002", "PGQ_NAME_INVALID", /null is not the name/],
  ["an empty name", "enqueue('')", "PQ002", "PGQ_NAME_INVALID", /"" is not the name/],
  ["a name of 256 bytes", "enqueue(repeat('ä', 128))", "PQ002", "PGQ_NAME_INVALID", /is not the name/],
  ["too large a payload", `enqueue('a', to_json(${large}))`, "PQ004", "PGQ_PAYLOAD_TOO_LARGE", /1048578 .*1048576/],
  ["too many bytes", `enqueue_bytes('a', (${large} || 'x')::bytea)`, "PQ004", "PGQ_PAYLOAD_TOO_LARGE", /1048577 bytes/],
  ["headers that are a list", "enqueue('a', headers => '[]')", "PQ003", "PGQ_PAYLOAD_INVALID", /not an object/],
  [
    "too large headers",
    "enqueue('a', headers => json_build_object('a', repeat('x', 17000)))",
    "PQ004",
    "PGQ_PAYLOAD_TOO_LARGE",
    /16384/,
  ],
  ["an endless time", "enqueue('a', execute_after => 'infinity')", "PQ001", "PGQ_OPTION_INVALID", /9999/],
  ["a negative delay", "enqueue('a', delay => '-1 s')", "PQ001", "PGQ_OPTION_INVALID", /negative/],
  ["a delay of 200 years", "enqueue('a', expire_delay => '200 years')", "PQ001", "PGQ_OPTION_INVALID", /hundred years/],
  [
    "a time and a delay",
    "enqueue('a', execute_after => now(), delay => '1 s')",
    "PQ001",
    "PGQ_OPTION_INVALID",
    /both given/,
  ],
  ["a timeout of nothing", "enqueue('a', timeout => '0 s')", "PQ001", "PGQ_OPTION_INVALID", /timeout/],
  ["no attempts", "enqueue('a', max_attempts => 0)", "PQ001", "PGQ_OPTION_INVALID", /max_attempts .* 0/],
  ["an empty key", "enqueue('a', dedupe_key => '')", "PQ001", "PGQ_OPTION_INVALID", /dedupe_key/],
  ["an unknown conflict", "enqueue('a', on_conflict => 'ignore')", "PQ001", "PGQ_OPTION_INVALID", /"ignore"/],
  ["no conflict", "enqueue('a', on_conflict => null)", "PQ001", "PGQ_OPTION_INVALID", /null/],
  ["no array", "enqueue_many('{}')", "PQ001", "PGQ_OPTION_INVALID", /array/],
  [
    "a job that is no object",
    'enqueue_many(\'[{"entrypoint":"a"},7]\')',
    "PQ001",
    "PGQ_OPTION_INVALID",
    /job 1: .*number/,
  ],
  ["an unknown member", 'enqueue_many(\'[{"entrypont":"a"}]\')', "PQ001", "PGQ_OPTION_INVALID", /job 0: .*"entrypont"/],
  ["a job without a name", 'enqueue_many(\'[{"entrypoint":"a"},{}]\')', "PQ002", "PGQ_NAME_INVALID", /job 1: null/],
  ["a name that is a number", "enqueue_many('[{\"entrypoint\":1}]')", "PQ001", "PGQ_OPTION_INVALID", /entrypoint must/],
  ["a name with a NUL", 'enqueue_many(\'[{"entrypoint":"a\\u0000"}]\')', "PQ003", "PGQ_PAYLOAD_INVALID", /u0000/],
  ...["1.5", "2147483648", '"1"', "true"].map((value): [string, string, string, string, RegExp] => [
    `a priority of ${value}`,
    `enqueue_many('[{"entrypoint":"a","priority":${value}}]')`,
    "PQ001",
    "PGQ_OPTION_INVALID",
    /priority must be a whole number/,
  ]),
  ...['"2030-01-01T00:00"', '"1y"', "-1", "true", '"2030-13-01T00:00Z"'].map(
    (value): [string, string, string, string, RegExp] => [
      `a time of ${value}`,
      `enqueue_many('[{"entrypoint":"a","executeAfter":${value}}]')`,
      "PQ001",
      "PGQ_OPTION_INVALID",
      /duration|out of range/,
    ],
  ),
])("refuses %s with a code, a remedy and nothing written", async (_, call, sqlState, code, message) => {
  const { sql, pool, schema } = await installQueue()
  const error = await pool.query(`select * from ${schema}.${call}`).catch((caught) => caught as pg.DatabaseError)
  expect(error).toMatchObject({
    code: sqlState,
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/./),
  })
  expect((error as Error).message).toMatch(new RegExp(`^${code}: `))
  expect(await sql("select from pgqueuer.job")).toEqual([])
})

it("raises, skips and replaces as the API does", async () => {
  const queue = await installQueue()
  const { queries, sql } = queue
  const enqueue = async (onConflict: string) =>
    (
      await sql<{ id: string | null }>(
        "select pgqueuer.enqueue('a', dedupe_key => 'k', on_conflict => $1)::text as id",
        [onConflict],
      )
    )[0]!.id
  const first = await enqueue("raise")
  await expect(enqueue("raise")).rejects.toMatchObject({
    code: "PQ005",
    message: `PGQ_DUPLICATE_KEY: the dedupe key "k" of the entrypoint "a" is taken: job ${first} has it`,
  })
  expect(await enqueue("skip")).toBeNull()
  const second = await enqueue("replace")
  expect(await queries.job(first!)).toMatchObject({ status: "deleted", error: `replaced by job ${second}` })
  await expect(queries.enqueue("a", 1, { dedupeKey: "k" })).rejects.toMatchObject({ code: "PGQ_DUPLICATE_KEY" })
  await sql(
    `with taken as (delete from pgqueuer.ready as ready returning *)
    insert into pgqueuer.claim (worker_id, entrypoint, job_ids, seqs, ranks, attempts)
    select 0, entrypoint, array[job_id], array[seq], array[rank], array[attempt] from taken`,
  )
  await expect(enqueue("replace")).rejects.toMatchObject({
    code: "PQ006",
    message: `PGQ_DUPLICATE_RUNNING: job ${second} with the dedupe key "k" of the entrypoint "a" is held by a worker`,
  })
  expect(await queries.jobs()).toHaveLength(2)
})

it("replaces deferred and held jobs, tells who waits for them, and takes over what is left of gone ones", async () => {
  const queue = await installQueue()
  const { queries, sql } = queue
  await queries.enqueueMany([
    { entrypoint: "a", dedupeKey: "deferred", executeAfter: "1h" },
    { entrypoint: "a", dedupeKey: "held" },
  ])
  await sql(
    `with taken as (delete from pgqueuer.ready as ready returning *)
    insert into pgqueuer.held (job_id, entrypoint, rank, attempt, rescues)
    select job_id, entrypoint, rank, attempt, rescues from taken`,
  )
  await sql("insert into pgqueuer.dedupe (entrypoint, key, job_id) values ('a', 'gone', 0)")
  await sql("insert into pgqueuer.watcher default values")
  const heard: string[] = []
  const subscription = await queue.driver.listen(`${queue.schema}.ends`, {
    onNotification: (payload) => void heard.push(payload),
    onLost() {},
  })
  const jobs = ["deferred", "held", "gone", "gone"].map((key) => ({ entrypoint: "a", dedupe_key: key }))
  const rows = await sql<{ id: string | null }>(
    "select id::text from pgqueuer.enqueue_many($1::json, 'replace') as id",
    [JSON.stringify(jobs)],
  )
  expect(rows.map(({ id }) => id === null)).toEqual([false, false, true, false])
  await eventually(() => heard.length > 0)
  await subscription.close()
  expect(JSON.parse(heard[0]!).ended.sort()).toEqual(["1", "2"])
  expect(await queries.queueSize()).toEqual([{ entrypoint: "a", status: "queued", count: 3 }])
})

it("does not deadlock with the API over the same keys in opposite order: one live job a key", async () => {
  const queue = await installQueue({ pool: { max: 10 } })
  const keys = Array.from({ length: 12 }, (_, n) => `key ${n}`)
  for (let round = 0; round < 20; round++) {
    const calls = ["replace", "skip", "raise"].flatMap((onConflict) => [
      queue.sql("select * from pgqueuer.enqueue_many($1::json, $2)", [JSON.stringify(keys.map(keyed)), onConflict]),
      queue.queries.enqueueMany([...keys].reverse().map(keyed), { onConflict: onConflict as "skip" }),
    ])
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === "rejected") expect(["PQ005", "PGQ_DUPLICATE_KEY"]).toContain(result.reason.code)
    }
  }
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "mail", status: "queued", count: keys.length }])
}, 60_000)

it("lets a role with the producer's rights call it, and no other", async () => {
  const queue = await installQueue()
  const client = await queue.pool.connect()
  const role = `${queue.schema}_stranger`
  try {
    await client.query("begin")
    await client.query(`create role ${role}; grant usage on schema ${queue.schema} to ${role}; set local role ${role}`)
    await client.query("savepoint before_call")
    await expect(client.query(`select ${queue.schema}.enqueue('a')`)).rejects.toMatchObject({ code: "42501" })
  } finally {
    await client.query("rollback")
    client.release()
  }
})

/** Bytes without the client's own class. */
function plain(payload: unknown): unknown {
  return payload instanceof Uint8Array ? new Uint8Array(payload) : payload
}

function keyed(dedupeKey: string) {
  return { entrypoint: "mail", dedupeKey }
}

async function idsOf(sql: TestQueue["sql"]): Promise<string[]> {
  return (await sql<{ id: string }>("select id::text from pgqueuer.job")).map(({ id }) => id)
}
