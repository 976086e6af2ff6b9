import fc from "fast-check"
import { expect, it } from "vitest"
import { installQueue, type TestQueue } from "../support/queue.js"

it("runs a job from enqueue to its end", async () => {
  const queue = await installQueue()
  const { pgq, drain } = queue.worker()
  const seen: unknown[] = []
  pgq.entrypoint("fetch", async (job) => void seen.push(job.payload))
  const [id] = await queue.queries.enqueue("fetch", { user: 7 })
  await drain()
  expect(seen).toEqual([{ user: 7 }])
  expect(await queue.queries.job(id!)).toMatchObject({ id, status: "successful", attempt: 1, error: null })
})

it("answers with one id for one job", async () => {
  const { queries } = await installQueue()
  const ids = await queries.enqueue("fetch")
  expect(ids).toEqual([expect.stringMatching(/^\d+$/)])
})

it("takes parallel arrays, the last ones optional", async () => {
  const { queries } = await installQueue()
  const ids = await queries.enqueue(["fetch", "sync"], [{ a: 1 }, null], [0, 5])
  expect(await Promise.all(ids.map((id) => queries.job(id)))).toMatchObject([
    { entrypoint: "fetch", payload: { a: 1 }, priority: 0 },
    { entrypoint: "sync", priority: 5 },
  ])
  expect(await queries.enqueue(["fetch", "sync"])).toHaveLength(2)
})

it("writes 10,000 jobs in one call, with the ids in the order of the jobs", async () => {
  const { queries, sql } = await installQueue()
  const ids = await queries.enqueueMany(
    Array.from({ length: 10_000 }, (_, n) => ({ entrypoint: "fetch", payload: { n }, priority: n % 3 })),
  )
  expect(new Set(ids).size).toBe(10_000)
  const rows = await sql<{ id: string; n: number }>(
    "select id::text as id, (payload->>'n')::int as n from pgqueuer.job",
  )
  const payloads = new Map(rows.map((row) => [row.id, row.n]))
  expect(ids.map((id) => payloads.get(id))).toEqual(Array.from({ length: 10_000 }, (_, n) => n))
})

it("writes nothing for an empty batch", async () => {
  const { queries } = await installQueue()
  expect(await queries.enqueueMany([])).toEqual([])
  expect(await queries.enqueue([], [])).toEqual([])
})

it("gives each call its own ids when hundreds are in flight at once", async () => {
  const { queries } = await installQueue()
  const calls = Array.from({ length: 500 }, (_, n) => queries.enqueue("fetch", { n }))
  const ids = (await Promise.all(calls)).map(([id]) => id!)
  const jobs = new Map((await queries.jobs({ limit: 10_000 })).map((job) => [job.id, job.payload]))
  expect(ids.map((id) => jobs.get(id))).toEqual(Array.from({ length: 500 }, (_, n) => ({ n })))
})

it("fails a bad job alone when hundreds of calls share statements", async () => {
  const { queries, sql } = await installQueue()
  await sql(
    "alter table pgqueuer.job add constraint no_sevens check (payload is null or (payload->>'n') is distinct from '77')",
  )
  const results = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => queries.enqueue("fetch", { n })))
  expect(results.flatMap((result, n) => (result.status === "rejected" ? [n] : []))).toEqual([77])
  expect(await queries.queueSize()).toEqual([{ entrypoint: "fetch", status: "queued", count: 199 }])
})

it("writes all jobs of a batch or none", async () => {
  const { queries, sql } = await installQueue()
  await sql("alter table pgqueuer.job add constraint no_bad check (entrypoint <> 'bad')")
  await expect(queries.enqueueMany([{ entrypoint: "a" }, { entrypoint: "bad" }])).rejects.toMatchObject({
    code: "PGQ_QUERY_FAILED",
    sqlState: "23514",
  })
  await expect(queries.enqueueMany([{ entrypoint: "a" }, { entrypoint: "" }])).rejects.toMatchObject({
    code: "PGQ_NAME_INVALID",
    message: expect.stringContaining("job 1"),
  })
  expect(await queries.queueSize()).toEqual([])
})

it("brings every kind of payload back as it went in", async () => {
  const queue = await installQueue()
  const payloads = [
    { deep: [{ a: [null, true, 1.5, "x"] }] },
    "text",
    "with \u0000 inside, and \u2028, ä, 日本語, 🐘",
    { "key \u0000": "\u0000" },
    "\ud800 half a character",
    "",
    0,
    -1.5e-7,
    9_007_199_254_740_991,
    false,
    null,
    [],
    {},
    undefined,
    new Uint8Array([0, 1, 255]),
    new Uint8Array(0),
  ]
  expect(await runAll(queue, payloads)).toEqual(payloads)
})

it("brings any JSON value back as it went in", async () => {
  const queue = await installQueue()
  const values = fc.sample(fc.jsonValue(), 300).map((value) => JSON.parse(JSON.stringify(value)))
  expect(await runAll(queue, values)).toEqual(values)
})

it("tells a payload of null from none", async () => {
  const { queries } = await installQueue()
  const [withNull] = await queries.enqueue("fetch", null)
  const [without] = await queries.enqueue("fetch")
  expect((await queries.job(withNull!))!.payload).toBeNull()
  expect((await queries.job(without!))!.payload).toBeUndefined()
})

it("gives headers to the handler, and an empty object where there are none", async () => {
  const queue = await installQueue()
  const seen: unknown[] = []
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("fetch", (job) => void seen.push(job.headers))
  await queue.queries.enqueue("fetch", 1, { headers: { traceparent: "00-1", "x-ä": "\u0000" } })
  await queue.queries.enqueue("fetch", 1)
  await drain()
  expect(seen).toEqual([{ traceparent: "00-1", "x-ä": "\u0000" }, {}])
})

const circle: { self?: unknown } = {}
circle.self = circle

it.each<[string, (queue: TestQueue) => Promise<unknown>, string, RegExp]>([
  [
    "an unknown option",
    ({ queries }) => queries.enqueue("a", 1, { prioriti: 1 } as never),
    "PGQ_OPTION_INVALID",
    /did you mean priority/,
  ],
  [
    "an unknown member of a request",
    ({ queries }) => queries.enqueueMany([{ entrypont: "a" } as never]),
    "PGQ_OPTION_INVALID",
    /did you mean entrypoint/,
  ],
  [
    "an unknown option of a batch",
    ({ queries }) => queries.enqueueMany([], { transactoin: 1 } as never),
    "PGQ_OPTION_INVALID",
    /did you mean transaction/,
  ],
  ["no array", ({ queries }) => queries.enqueueMany({} as never), "PGQ_OPTION_INVALID", /array/],
  ["null as a request", ({ queries }) => queries.enqueueMany([null as never]), "PGQ_OPTION_INVALID", /object/],
  [
    "a priority of NaN",
    ({ queries }) => queries.enqueue("a", 1, { priority: Number.NaN }),
    "PGQ_OPTION_INVALID",
    /NaN/,
  ],
  ["a fractional priority", ({ queries }) => queries.enqueue("a", 1, { priority: 1.5 }), "PGQ_OPTION_INVALID", /1\.5/],
  [
    "a priority beyond 32 bits",
    ({ queries }) => queries.enqueue("a", 1, { priority: 2 ** 31 }),
    "PGQ_OPTION_INVALID",
    /2147483647/,
  ],
  [
    "a priority as text",
    ({ queries }) => queries.enqueue("a", 1, { priority: "1" as never }),
    "PGQ_OPTION_INVALID",
    /whole number/,
  ],
  ["an empty name", ({ queries }) => queries.enqueue("", 1), "PGQ_NAME_INVALID", /""/],
  ["a name of 256 bytes", ({ queries }) => queries.enqueue("ä".repeat(128), 1), "PGQ_NAME_INVALID", /entrypoint/],
  ["a name with a NUL", ({ queries }) => queries.enqueue("a\0b", 1), "PGQ_NAME_INVALID", /entrypoint/],
  ["a number as a name", ({ queries }) => queries.enqueue(7 as never, 1), "PGQ_NAME_INVALID", /7/],
  [
    "an invalid date",
    ({ queries }) => queries.enqueue("a", 1, { executeAfter: new Date("no") }),
    "PGQ_OPTION_INVALID",
    /executeAfter/,
  ],
  [
    "a time after the year 9999",
    ({ queries }) => queries.enqueue("a", 1, { executeAfter: new Date(8.64e15) }),
    "PGQ_OPTION_INVALID",
    /executeAfter is after the year 9999/,
  ],
  [
    "a duration of more than a hundred years",
    ({ queries }) => queries.enqueue("a", 1, { executeAfter: 1e18 }),
    "PGQ_OPTION_INVALID",
    /executeAfter is longer than a hundred years/,
  ],
  [
    "a time without a zone",
    ({ queries }) => queries.enqueue("a", 1, { executeAfter: "2030-01-01T00:00" }),
    "PGQ_OPTION_INVALID",
    /executeAfter/,
  ],
  [
    "a negative duration",
    ({ queries }) => queries.enqueue("a", 1, { executeAfter: -1 }),
    "PGQ_OPTION_INVALID",
    /executeAfter/,
  ],
  ["a circle", ({ queries }) => queries.enqueue("a", circle), "PGQ_PAYLOAD_INVALID", /circular/],
  ["a BigInt", ({ queries }) => queries.enqueue("a", { n: 1n }), "PGQ_PAYLOAD_INVALID", /payload\.n/],
  ["a function", ({ queries }) => queries.enqueue("a", () => 1), "PGQ_PAYLOAD_INVALID", /function/],
  ["NaN in a payload", ({ queries }) => queries.enqueue("a", [Number.NaN]), "PGQ_PAYLOAD_INVALID", /payload\[0\]/],
  [
    "too large a payload",
    ({ queries }) => queries.enqueue("a", "x".repeat(1_048_576)),
    "PGQ_PAYLOAD_TOO_LARGE",
    /1048578 .*1048576/,
  ],
  [
    "too many bytes",
    ({ queries }) => queries.enqueue("a", new Uint8Array(1_048_577)),
    "PGQ_PAYLOAD_TOO_LARGE",
    /1048577 .*1048576/,
  ],
  [
    "too large headers",
    ({ queries }) => queries.enqueue("a", 1, { headers: { a: "x".repeat(17_000) } }),
    "PGQ_PAYLOAD_TOO_LARGE",
    /16384/,
  ],
  [
    "headers that are a list",
    ({ queries }) => queries.enqueue("a", 1, { headers: [] as never }),
    "PGQ_PAYLOAD_INVALID",
    /headers/,
  ],
  [
    "arrays of different lengths",
    ({ queries }) => queries.enqueue(["a", "b"], [1]),
    "PGQ_OPTION_INVALID",
    /2 entrypoints and 1 payloads/,
  ],
  [
    "options in the place of priorities",
    ({ queries }) => queries.enqueue(["a"], [1], {} as never),
    "PGQ_OPTION_INVALID",
    /priorities/,
  ],
])("refuses %s and writes nothing", async (_, act, code, message) => {
  const queue = await installQueue()
  await expect(act(queue)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
    remedy: expect.any(String),
  })
  expect(await queue.sql("select from pgqueuer.job")).toEqual([])
})

it("raises the limit of a payload when told to", async () => {
  const { queries } = await installQueue({ maxPayloadBytes: 10 })
  await expect(queries.enqueue("a", "x".repeat(20))).rejects.toMatchObject({ code: "PGQ_PAYLOAD_TOO_LARGE" })
  const larger = await installQueue({ maxPayloadBytes: 3_000_000 })
  const [id] = await larger.queries.enqueue("a", "x".repeat(2_000_000))
  expect((await larger.queries.job(id!))!.payload).toHaveLength(2_000_000)
})

/** Runs one job a payload; answers with what the handlers were given, in order. */
async function runAll(queue: TestQueue, payloads: readonly unknown[]): Promise<unknown[]> {
  const seen = new Map<string, unknown>()
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("fetch", (job) => {
    const { payload } = job
    seen.set(job.id, payload instanceof Uint8Array ? new Uint8Array(payload) : payload)
  })
  const ids = await queue.queries.enqueueMany(payloads.map((payload) => ({ entrypoint: "fetch", payload })))
  await drain()
  return ids.map((id) => seen.get(id))
}

it("takes a time in the past for now, however long ago", async () => {
  const { queries } = await installQueue()
  const [id] = await queries.enqueue("a", 1, { executeAfter: new Date(-1e15) })
  expect(await queries.job(id!)).toMatchObject({ status: "queued" })
})
