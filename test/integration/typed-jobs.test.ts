import { type } from "arktype"
import * as v from "valibot"
import { expect, expectTypeOf, it } from "vitest"
import { z } from "zod"
import { PgDriver, PgPoolDriver } from "../../src/adapters/drivers/pg.js"
import { defineEntrypoint } from "../../src/app/define-entrypoint.js"
import { RetryInProcessExecutor } from "../../src/app/executors/retry-in-process.js"
import { PgQueuerError } from "../../src/domain/errors.js"
import type { Schema } from "../../src/domain/schema.js"
import { Queries } from "../../src/queries.js"
import { deferred, installQueue } from "../support/queue.js"

const validators: readonly (readonly [string, Schema<{ user: { age: number } }>, Schema<{ ok: boolean }>])[] = [
  ["zod", z.object({ user: z.object({ age: z.number() }) }), z.object({ ok: z.boolean() })],
  ["valibot", v.object({ user: v.object({ age: v.number() }) }), v.object({ ok: v.boolean() })],
  ["arktype", type({ user: { age: "number" } }), type({ ok: "boolean" })],
]

it.each(validators)("refuses with %s what does not fit at enqueue, and writes nothing", async (_name, input) => {
  const queue = await installQueue()
  const greet = defineEntrypoint("greet", { input })
  const wrong = { user: { age: "seven" as never } }
  const refusal = await refusalOf(greet.enqueue(queue.queries, wrong))
  expect(refusal).toMatchObject({ code: "PGQ_PAYLOAD_INVALID", issues: [{ path: ["user", "age"] }] })
  expect(refusal.message).toMatch(/^the payload of "greet" does not fit its schema: user\.age: .*number/)
  const batch = greet.enqueueMany(queue.queries, [{ user: { age: 7 } }, { user: { age: 8 } }, wrong])
  const refusedBatch = await refusalOf(batch)
  expect(refusedBatch).toMatchObject({ code: "PGQ_PAYLOAD_INVALID", issues: [{ path: ["user", "age"] }] })
  expect(refusedBatch.message).toMatch(/^job 2: the payload of "greet"/)
  expect(await queue.queries.jobs()).toEqual([])
})

it.each(validators)(
  "runs with %s what fits, and holds what does not fit when it is run",
  async (_name, input, output) => {
    const queue = await installQueue()
    const greet = defineEntrypoint("greet", { input, output })
    const ages: number[] = []
    const { pgq, drain } = queue.worker()
    pgq.entrypoint(greet, (job) => {
      ages.push(job.payload.user.age)
      return { ok: true }
    })
    const good = await greet.enqueue(queue.queries, { user: { age: 7 } })
    const [bad] = await queue.queries.enqueue("greet", { user: { age: "seven" } })
    await drain()
    expect(ages).toEqual([7])
    expect(await queue.queries.job(good.id)).toMatchObject({ status: "successful" })
    const error = expect.stringMatching(/^PgQueuerError \[PGQ_PAYLOAD_INVALID\]: .* user\.age: .*number/)
    expect(await queue.queries.job(bad!)).toMatchObject({ status: "failed", attempt: 1, error })
    expect(await queue.queries.failures(bad!)).toMatchObject([{ attempt: 1, error }])
  },
)

it.each(validators)(
  "ends with %s as exception, without another attempt, when the result does not fit",
  async (_name, input, output) => {
    const queue = await installQueue()
    const greet = defineEntrypoint("greet", { input, output })
    let runs = 0
    const { pgq, drain } = queue.worker()
    pgq.entrypoint(greet, async () => {
      runs++
      return { ok: "yes" as never }
    })
    const { id } = await greet.enqueue(queue.queries, { user: { age: 7 } })
    await drain()
    expect(runs).toBe(1)
    const error = expect.stringMatching(/^PgQueuerError \[PGQ_RESULT_INVALID\]: the result of "greet" .* ok: .*boolean/)
    expect(await queue.queries.job(id)).toMatchObject({ status: "exception", error })
  },
)

it("stores a payload as it was given, and gives the handler what the schema makes of it", async () => {
  const queue = await installQueue()
  const remind = defineEntrypoint("remind", {
    input: z.object({
      at: z.coerce.date<Date | string>(),
      tags: z.string().transform((text) => text.split(",")),
      copies: z.number().default(1),
    }),
  })
  const seen: unknown[] = []
  const { pgq, drain } = queue.worker()
  pgq.entrypoint(remind, (job) => {
    expectTypeOf(job.payload).toEqualTypeOf<{ at: Date; tags: string[]; copies: number }>()
    seen.push(job.payload)
  })
  const at = new Date("2030-01-31T08:00:00Z")
  const { id } = await remind.enqueue(queue.queries, { at, tags: "a,b" })
  await drain()
  expect(await queue.queries.job(id)).toMatchObject({ payload: { at: "2030-01-31T08:00:00.000Z", tags: "a,b" } })
  expect(seen).toEqual([{ at, tags: ["a", "b"], copies: 1 }])
})

it("checks the form that JSON gives a payload, so that what is accepted also runs", async () => {
  const queue = await installQueue()
  const remind = defineEntrypoint("remind", { input: z.object({ at: z.date() }) })
  await expect(remind.enqueue(queue.queries, { at: new Date() })).rejects.toMatchObject({
    code: "PGQ_PAYLOAD_INVALID",
    issues: [{ path: ["at"] }],
  })
  const exact = defineEntrypoint("exact", { input: z.strictObject({ a: z.number() }) })
  await exact.enqueue(queue.queries, { a: 1, b: undefined } as { a: number })
  expect((await queue.queries.jobs()).map((job) => job.payload)).toEqual([{ a: 1 }])
})

it("takes bytes and no payload through a schema", async () => {
  const queue = await installQueue()
  const upload = defineEntrypoint("upload", { input: z.instanceof(Uint8Array) })
  const tidy = defineEntrypoint("tidy", { input: z.undefined() })
  const seen: unknown[] = []
  const { pgq, drain } = queue.worker({ maxConcurrentTasks: 1 })
  pgq.entrypoint(upload, (job) => seen.push(Buffer.from(job.payload).toString("hex")))
  pgq.entrypoint(tidy, (job) => seen.push(job.payload))
  await upload.enqueue(queue.queries, Uint8Array.of(1, 255))
  await tidy.enqueue(queue.queries)
  await drain()
  expect(seen).toEqual(["01ff", undefined])
})

it("waits for validators that take their time", async () => {
  const queue = await installQueue()
  const known = z.string().refine(async (name) => (await queue.sql("select $1 = 'ada' as known", [name]))[0]!["known"])
  const greet = defineEntrypoint("greet", { input: known, output: known })
  const seen: string[] = []
  const { pgq, drain } = queue.worker()
  pgq.entrypoint(greet, (job) => {
    seen.push(job.payload)
    return "bob"
  })
  await expect(greet.enqueue(queue.queries, "bob")).rejects.toMatchObject({ code: "PGQ_PAYLOAD_INVALID" })
  const { id } = await greet.enqueue(queue.queries, "ada")
  await drain()
  expect(seen).toEqual(["ada"])
  expect(await queue.queries.job(id)).toMatchObject({ status: "exception", error: expect.stringMatching(/PGQ_RESULT/) })
})

it("counts what a validator throws as any failure of the attempt", async () => {
  const queue = await installQueue()
  let broken = false
  const input = z.string().refine(() => {
    if (broken) throw new TypeError("out of order")
    return true
  })
  const greet = defineEntrypoint("greet", { input })
  const { pgq, drain } = queue.worker()
  pgq.entrypoint(greet, () => {})
  const { id } = await greet.enqueue(queue.queries, "ada")
  broken = true
  await expect(greet.enqueue(queue.queries, "ada")).rejects.toThrow(new TypeError("out of order"))
  await drain()
  expect(await queue.queries.job(id)).toMatchObject({ status: "exception", error: "TypeError: out of order" })
})

it("ends as exception when JSON cannot hold the result, and says why", async () => {
  const queue = await installQueue()
  const sum = defineEntrypoint("sum", { output: z.object({ sum: z.bigint() }) })
  const { pgq, drain } = queue.worker()
  pgq.entrypoint(sum, () => ({ sum: 10n }))
  const { id } = await sum.enqueue(queue.queries)
  await drain()
  const error = expect.stringMatching(/PGQ_RESULT_INVALID\]: .* has a bigint at/)
  expect(await queue.queries.job(id)).toMatchObject({ status: "exception", error })
})

it("enqueues in order, with options of each job and within a transaction", async () => {
  const queue = await installQueue()
  const greet = defineEntrypoint("greet", { input: z.string() })
  const client = await queue.pool.connect()
  const names = ["ada", "bob", "cyd"]
  try {
    await client.query("begin")
    await greet.enqueueMany(queue.queries, ["lost"], { transaction: client, each: { priority: 1 } })
    await greet.enqueue(queue.queries, "lost", { transaction: client })
    await client.query("rollback")
    await client.query("begin")
    const each = (name: string, index: number) => ({ priority: index, headers: { name } })
    const handles = await greet.enqueueMany(queue.queries, names, { transaction: client, each })
    await client.query("commit")
    const jobs = await Promise.all(handles.map(({ id }) => queue.queries.job(id)))
    expect(jobs).toMatchObject(names.map((name, priority) => ({ payload: name, priority, headers: { name } })))
  } finally {
    client.release()
  }
  expect(await queue.queries.jobs()).toHaveLength(3)
})

it("gives a handle that cancels its job", async () => {
  const queue = await installQueue()
  const greet = defineEntrypoint("greet", { input: z.string() })
  const job = await greet.enqueue(queue.queries, "ada")
  expect(job.entrypoint).toBe("greet")
  expect(await job.cancel()).toEqual({ id: job.id, done: true, status: "canceled" })
  expect(await greet.handle(queue.queries, job.id).cancel()).toMatchObject({ done: false, status: "canceled" })
})

it("gives the producer what the handler returned, as the output schema makes of it", async () => {
  const queue = await installQueue()
  const output = z.object({ sent: z.string().transform((text) => new Date(text)) })
  const email = defineEntrypoint("email", { input: z.string(), output })
  const { pgq, start } = queue.worker()
  pgq.entrypoint(email, (job) => ({ sent: job.payload }))
  start()
  const job = await email.enqueue(queue.queries, "2030-01-31T08:00:00Z")
  const result = await job.result({ timeout: "10s" })
  expectTypeOf(result).toEqualTypeOf<{ sent: Date }>()
  expect(result).toEqual({ sent: new Date("2030-01-31T08:00:00Z") })
  expect(await job.wait()).toBe("successful")
  expect(await queue.queries.job(job.id)).toMatchObject({ result: { sent: "2030-01-31T08:00:00Z" } })
  const elsewhere = email.handle(new Queries(new PgPoolDriver(queue.database.pool()), { schema: queue.schema }), job.id)
  expect(await elsewhere.result()).toEqual(result)
})

it("rejects the result of a job that ended otherwise, or that does not fit the schema of who asks", async () => {
  const queue = await installQueue()
  const email = defineEntrypoint("email", { input: z.number(), output: z.string() })
  const { pgq, drain } = queue.worker()
  pgq.entrypoint(email, (job) => {
    if (job.payload === 1) throw new TypeError("no such address")
    return "sent"
  })
  const [failed, canceled, good] = await email.enqueueMany(queue.queries, [1, 2, 3])
  await canceled!.cancel()
  await drain()
  await expect(failed!.result()).rejects.toMatchObject({
    code: "PGQ_JOB_NOT_SUCCESSFUL",
    message: expect.stringMatching(/exception.*no such address/),
  })
  await expect(canceled!.result()).rejects.toMatchObject({ code: "PGQ_JOB_NOT_SUCCESSFUL" })
  expect(await canceled!.wait()).toBe("canceled")
  expect(await good!.result()).toBe("sent")
  const newer = defineEntrypoint("email", { output: z.number() })
  await expect(newer.handle(queue.queries, good!.id).result()).rejects.toMatchObject({ code: "PGQ_RESULT_INVALID" })
  await expect(newer.handle(queue.queries, "999").result()).rejects.toMatchObject({ code: "PGQ_JOB_UNKNOWN" })
})

it("gives null for a job whose dedupe key is taken, and handles for the others", async () => {
  const queue = await installQueue()
  const email = defineEntrypoint("email", { input: z.string() })
  const first = await email.enqueue(queue.queries, "ada", { dedupeKey: "ada" })
  expect(await email.enqueue(queue.queries, "ada", { dedupeKey: "ada", onConflict: "skip" })).toBeNull()
  const each = (to: string) => ({ dedupeKey: to })
  const jobs = await email.enqueueMany(queue.queries, ["ada", "bob"], { onConflict: "skip", each })
  expect(jobs.map((job) => job?.entrypoint)).toEqual([undefined, "email"])
  await expect(email.enqueueMany(queue.queries, ["ada"], { each })).rejects.toMatchObject({ code: "PGQ_DUPLICATE_KEY" })
  expect(await queue.queries.queueSize()).toEqual([{ entrypoint: "email", status: "queued", count: 2 }])
  await first.cancel()
})

it("refuses to wait inside a transaction", async () => {
  const queue = await installQueue()
  const email = defineEntrypoint("email")
  const client = await queue.pool.connect()
  try {
    await client.query("begin")
    const queries = new Queries(PgDriver.inTransaction(client), { schema: queue.schema })
    const job = await email.enqueue(queries)
    await expect(job.result()).rejects.toMatchObject({ code: "PGQ_UNSUPPORTED" })
    await client.query("commit")
    expect(await queue.queries.jobs()).toMatchObject([{ id: job.id }])
  } finally {
    client.release()
  }
})

it("runs a job again as the definition's retry says, but not one whose payload or result does not fit", async () => {
  const queue = await installQueue()
  const retry = { maxAttempts: 3, initialDelay: 1, maxDelay: 1 }
  const greet = defineEntrypoint("greet", { input: z.string(), output: z.number(), retry, onFailure: "hold" })
  const attempts: string[] = []
  const { pgq, start } = queue.worker()
  pgq.entrypoint(greet, (job) => {
    attempts.push(`${job.payload} ${job.attempt}`)
    if (job.payload === "ada") throw new Error("no")
    return "one" as never
  })
  start()
  const ada = await greet.enqueue(queue.queries, "ada")
  const bob = await greet.enqueue(queue.queries, "bob")
  const [wrong] = await queue.queries.enqueue("greet", 7)
  expect(await ada.wait({ timeout: "10s" })).toBe("failed")
  expect(await bob.wait({ timeout: "10s" })).toBe("exception")
  expect(await greet.handle(queue.queries, wrong!).wait({ timeout: "10s" })).toBe("failed")
  expect(attempts.sort()).toEqual(["ada 1", "ada 2", "ada 3", "bob 1"])
})

it("checks around the executor: it gets the parsed payload, and is not asked again when the result does not fit", async () => {
  const queue = await installQueue()
  const retry = new RetryInProcessExecutor({ initialDelay: 1 })
  const greet = defineEntrypoint("greet", { input: z.coerce.date<string>(), output: z.string(), executor: retry })
  const calls: unknown[] = []
  const { pgq, drain } = queue.worker()
  pgq.entrypoint(greet, (job) => {
    calls.push(job.payload)
    if (calls.length === 1) throw new Error("once more")
    return 7 as never
  })
  const job = await greet.enqueue(queue.queries, "2030-01-31")
  await drain()
  expect(calls).toEqual([new Date("2030-01-31"), new Date("2030-01-31")])
  await expect(job.result()).rejects.toMatchObject({ message: expect.stringMatching(/PGQ_RESULT_INVALID/) })
})

it("puts a job back whose handler was told to stop and gave no result", async () => {
  const queue = await installQueue()
  const greet = defineEntrypoint("greet", { output: z.string() })
  const begun = deferred()
  const { pgq, start } = queue.worker({ shutdownTimeout: 1 })
  pgq.entrypoint(greet, async (_job, { signal }) => {
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve))
    begun.resolve()
    await aborted
    return undefined as never
  })
  const worker = start()
  const job = await greet.enqueue(queue.queries)
  await begun.promise
  await worker.stop()
  expect(await queue.queries.job(job.id)).toMatchObject({ status: "queued", attempt: 1 })
})

it("lets the options of the registration win over those of the definition", async () => {
  const queue = await installQueue()
  const greet = defineEntrypoint("greet", { retry: { maxAttempts: 3, initialDelay: 1 }, onFailure: "hold" })
  const { pgq, drain } = queue.worker()
  pgq.entrypoint(
    greet,
    () => {
      throw new Error("no")
    },
    { retry: { maxAttempts: 1 } },
  )
  const job = await greet.enqueue(queue.queries)
  await drain()
  expect(await queue.queries.job(job.id)).toMatchObject({ status: "failed", attempt: 1 })
})

it("gives results by name, too, without a schema", async () => {
  const queue = await installQueue()
  interface Jobs {
    add: { input: { numbers: number[] }; output: { sum: number; at: Date } }
  }
  const queries = new Queries<Jobs>(queue.driver, { schema: queue.schema })
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("add", (job) => ({ sum: (job.payload as { numbers: number[] }).numbers.length, at: new Date(0) }))
  const [id] = await queries.enqueue("add", { numbers: [1, 2] })
  await drain()
  const result = await queries.handle("add", id!).result()
  expectTypeOf(result).toEqualTypeOf<{ sum: number; at: string }>()
  expect(result).toEqual({ sum: 2, at: "1970-01-01T00:00:00.000Z" })
})

it("refuses definitions and registrations that are wrong, at once", async () => {
  const { worker } = await installQueue()
  const { pgq } = worker()
  const define = defineEntrypoint as (name: unknown, options?: unknown) => never
  expect(() => define("")).toThrow(expect.objectContaining({ code: "PGQ_NAME_INVALID" }))
  for (const input of [Date, {}, "string", null, { "~standard": {} }]) {
    expect(() => define("a", { input })).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
  }
  expect(() => define("a", { imput: z.string() })).toThrow(/no option "imput", did you mean input\?/)
  expect(() => define("a", { concurrencyLimit: 0 })).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
  expect(() => define("a", "input")).toThrow(expect.objectContaining({ code: "PGQ_OPTION_INVALID" }))
  const greet = defineEntrypoint("greet", { input: z.string() })
  expect(() => pgq.entrypoint(greet, undefined as never)).toThrow(/the handler of "greet"/)
  pgq.entrypoint(greet, () => {})
  expect(() => pgq.entrypoint("greet", () => {})).toThrow(/is registered already/)
})

it("checks a handler in a test of its own, without a worker", async () => {
  const greet = defineEntrypoint("greet", { input: z.string().toUpperCase(), output: z.string() })
  const run = greet.checked((job) => `hello ${job.payload}`)
  const job = {
    id: "1",
    entrypoint: "greet",
    payload: "ada",
    headers: {},
    priority: 0,
    attempt: 1,
    createdAt: new Date(),
  }
  expect(await run(job, undefined as never)).toBe("hello ADA")
  await expect(run({ ...job, payload: 7 }, undefined as never)).rejects.toMatchObject({
    cause: { code: "PGQ_PAYLOAD_INVALID" },
  })
})

async function refusalOf(promise: Promise<unknown>): Promise<PgQueuerError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof PgQueuerError) return error
  throw new Error("it was not refused", { cause: error })
}
