import fc from "fast-check"
import { expect, it } from "vitest"
import { EnqueueBatcher } from "../../src/app/enqueue-batcher.js"
import { WakeThrottle } from "../../src/app/wake-throttle.js"
import { type ErrorCode, PgQueuerError } from "../../src/domain/errors.js"
import type { NewJob, ProducerStore, Wake } from "../../src/ports/job-store.js"
import { FakeClock, settle } from "../support/fake-clock.js"

/** Writes jobs into an array, or refuses a statement that has a bad one; answers when the test lets it. */
class FakeStore implements ProducerStore {
  readonly statements: { readonly size: number; readonly wake: Wake }[] = []
  readonly written: string[] = []
  readonly bad = new Map<string, PgQueuerError>()

  async enqueue(jobs: readonly NewJob[], wake: Wake) {
    this.statements.push({ size: jobs.length, wake })
    await settle()
    const problem = jobs.map((job) => this.bad.get(job.entrypoint)).find((error) => error !== undefined)
    if (problem !== undefined) throw problem
    this.written.push(...jobs.map((job) => job.entrypoint))
    return { ids: jobs.map((job) => `id of ${job.entrypoint}`), wakeUp: { entrypoints: [], seq: "1", due: null } }
  }

  async notify() {}
}

function makeBatcher() {
  const store = new FakeStore()
  const throttle = new WakeThrottle(
    new FakeClock(),
    () => store.notify(),
    () => {},
  )
  return { store, batcher: new EnqueueBatcher(store, throttle) }
}

function job(name: string): NewJob {
  return {
    entrypoint: name,
    priority: 0,
    payload: { json: null, bytes: null },
    headers: null,
    executeAfter: null,
    maxAttempts: null,
    timeoutMs: null,
    expireAfter: null,
    dedupeKey: null,
  }
}

function refusal(code: ErrorCode, sqlState?: string): PgQueuerError {
  return new PgQueuerError(code, "refused", { remedy: "-", sqlState })
}

it("writes calls that come while a statement is under way in the next one", async () => {
  const { store, batcher } = makeBatcher()
  const calls = Array.from({ length: 17 }, (_, n) => batcher.enqueueOne(job(`j${n}`)))
  const ids = await Promise.all(calls)
  expect(store.statements.map((statement) => statement.size)).toEqual([1, 16])
  expect(ids).toEqual(Array.from({ length: 17 }, (_, n) => [`id of j${n}`]))
})

it("puts no more than a thousand calls into one statement", async () => {
  const { store, batcher } = makeBatcher()
  await Promise.all(Array.from({ length: 2_500 }, (_, n) => batcher.enqueueOne(job(`j${n}`))))
  expect(Math.max(...store.statements.map((statement) => statement.size))).toBe(1_000)
  expect(store.written).toHaveLength(2_500)
})

it("resolves a call only when its own statement has returned", async () => {
  const { store, batcher } = makeBatcher()
  let done = false
  const call = batcher.enqueueOne(job("a")).then(() => (done = true))
  expect(store.statements).toHaveLength(1)
  expect(done).toBe(false)
  await call
})

it.each(["22P02", "22021", "23514"])(
  "fails one bad job of 200 alone with SQLSTATE %s, in few statements",
  async (state) => {
    const { store, batcher } = makeBatcher()
    store.bad.set("j137", refusal("PGQ_QUERY_FAILED", state))
    const calls = Array.from({ length: 201 }, (_, n) => batcher.enqueueOne(job(`j${n}`)))
    const results = await Promise.allSettled(calls)
    const failed = results.flatMap((result, n) => (result.status === "rejected" ? [n] : []))
    expect(failed).toEqual([137])
    expect(store.written).toHaveLength(200)
    expect(store.statements.length).toBeLessThanOrEqual(1 + 17)
  },
)

it("writes each good job once, whichever are bad", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), async (good) => {
      const { store, batcher } = makeBatcher()
      good.forEach((isGood, n) => {
        if (!isGood) store.bad.set(`j${n}`, refusal("PGQ_QUERY_FAILED", "22P02"))
      })
      const results = await Promise.allSettled(good.map((_, n) => batcher.enqueueOne(job(`j${n}`))))
      expect(results.map((result) => result.status === "fulfilled")).toEqual(good)
      expect([...store.written].sort()).toEqual(good.flatMap((isGood, n) => (isGood ? [`j${n}`] : [])).sort())
    }),
  )
})

it("fails all calls of a statement together when the database is at fault, and repeats nothing", async () => {
  const { store, batcher } = makeBatcher()
  store.bad.set("j1", refusal("PGQ_PERMISSION_DENIED", "42501"))
  const calls = ["j0", "j1", "j2", "j3"].map((name) => batcher.enqueueOne(job(name)))
  const results = await Promise.allSettled(calls)
  expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "rejected", "rejected"])
  expect(store.statements).toHaveLength(2)
})

it("says that the outcome is unknown when the connection broke, and repeats nothing", async () => {
  const { store, batcher } = makeBatcher()
  store.bad.set("a", refusal("PGQ_CONNECTION_LOST"))
  await expect(batcher.enqueueOne(job("a"))).rejects.toMatchObject({ code: "PGQ_OUTCOME_UNKNOWN" })
  expect(store.statements).toHaveLength(1)
})

it("goes on after a failure", async () => {
  const { store, batcher } = makeBatcher()
  store.bad.set("a", refusal("PGQ_CONNECTION_LOST"))
  await expect(batcher.enqueueOne(job("a"))).rejects.toThrow()
  await expect(batcher.enqueueOne(job("b"))).resolves.toEqual(["id of b"])
})

it("writes a batch in a statement of its own", async () => {
  const { store, batcher } = makeBatcher()
  await batcher.enqueueAll([job("a"), job("b")])
  expect(store.statements).toEqual([{ size: 2, wake: "exact" }])
})

it("lets one statement of a window notify, and only that", async () => {
  const { store, batcher } = makeBatcher()
  await batcher.enqueueAll([job("a")])
  await batcher.enqueueAll([job("b")])
  expect(store.statements.map((statement) => statement.wake)).toEqual(["exact", "none"])
})
