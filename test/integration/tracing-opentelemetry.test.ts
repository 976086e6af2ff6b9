import { type Attributes, context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api"
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node"
import { afterAll, beforeEach, expect, onTestFinished, test } from "vitest"
import { openTelemetryTracing } from "../../src/adapters/telemetry/opentelemetry.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import type * as Sync from "../../src/sync.js"
import { deferred, eventually, installQueue } from "../support/queue.js"
import {
  expectTracesOfTicks,
  orderAndMail,
  orderAndMailTree,
  outline,
  type SeenSpan,
  tickAndReports,
  tickAndReportsTree,
  ticksOfJobs,
} from "../support/traces.js"

// Its thread is a file of its own, which Node can load only when it is built.
const built = new URL("../../dist/sync.js", import.meta.url)
const { SyncPgDriver, SyncQueries } = (await import(built.href)) as typeof Sync

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
provider.register()
const tracing = openTelemetryTracing()
const tracer = trace.getTracer("test")

beforeEach(() => exporter.reset())
afterAll(() => provider.shutdown())

test("joins a request, its job, the job's job and the retry of that into one trace", async () => {
  await orderAndMail(tracing, (work) =>
    tracer.startActiveSpan("GET /order", async (span) => {
      await work()
      span.end()
    }),
  )
  expect(outline(seen())).toEqual(orderAndMailTree)
})

test("joins a schedule, the batch that its handler enqueues and the jobs of that into one trace", async () => {
  await tickAndReports(tracing)
  expect(outline(seen())).toEqual(tickAndReportsTree)
  expect(named("tick 毎年")).toMatchObject([
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        "messaging.destination.name": "毎年",
        "messaging.operation.name": "tick",
        "messaging.operation.type": "process",
        "pgqueuer.schedule.tick": expect.stringMatching(/^\d{4}-.*Z$/),
        "pgqueuer.job.status": "successful",
      },
    },
  ])
  const producer = named("enqueue report")[0]!.spanContext().spanId
  expect(named("process report").map(({ links }) => links[0]?.context.spanId)).toEqual([producer, producer])
})

test("begins a trace for each job that a schedule enqueues, once however many workers want to", async () => {
  const queue = await ticksOfJobs(tracing, (work) =>
    tracer.startActiveSpan("GET /start", async (span) => {
      await work()
      span.end()
    }),
  )
  await expectTracesOfTicks(queue, seen())
})

test("names and describes spans by the conventions for messaging", async () => {
  const queue = await orderAndMail(tracing, (work) => work())
  const [mail, order] = await queue.queries.jobs()
  expect(one("enqueue order")).toMatchObject({
    kind: SpanKind.PRODUCER,
    attributes: {
      "messaging.system.name": "pgqueuer",
      "messaging.operation.name": "enqueue",
      "messaging.operation.type": "send",
      "messaging.destination.name": "order",
      "messaging.message.id": order!.id,
    },
  })
  const [failed, succeeded] = named("process mail")
  expect(failed).toMatchObject({
    kind: SpanKind.CONSUMER,
    status: { code: SpanStatusCode.ERROR, message: "the mail server is busy" },
    attributes: {
      "messaging.system.name": "pgqueuer",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": "mail",
      "messaging.message.id": mail!.id,
      "pgqueuer.job.attempt": 1,
      "pgqueuer.job.status": "deferred",
      "error.type": "Error",
    },
    events: [{ name: "exception", attributes: { "exception.message": "the mail server is busy" } }],
  })
  expect(succeeded).toMatchObject({
    status: { code: SpanStatusCode.UNSET },
    attributes: { "pgqueuer.job.attempt": 2, "pgqueuer.job.status": "successful" },
    links: [{ context: { spanId: one("enqueue mail").spanContext().spanId } }],
  })
  expect(succeeded!.attributes).not.toHaveProperty("error.type")
})

test("joins all jobs of a batch to the one span of the call", async () => {
  const { queries, worker } = await installQueue({ tracing })
  await queries.enqueueMany([{ entrypoint: "a" }, { entrypoint: "a", headers: { tenant: 7 } }])
  await queries.enqueue(["a", "b"])
  const { pgq, drain } = worker({ tracing })
  pgq.entrypoint("a", () => {})
  pgq.entrypoint("b", () => {})
  await drain()
  const [same, mixed] = exporter.getFinishedSpans()
  expect([same!.name, mixed!.name]).toEqual(["enqueue a", "enqueue"])
  expect(same!.attributes["messaging.batch.message_count"]).toBe(2)
  expect(mixed!.attributes).not.toHaveProperty("messaging.destination.name")
  expect(named("process a").map(parentOf)).toEqual([idOf(same!), idOf(same!), idOf(mixed!)])
  expect(named("process b").map(parentOf)).toEqual([idOf(mixed!)])
  const headers = (await queries.jobs({ entrypoint: "a" })).map((job) => job.headers)
  expect(headers[1]).toEqual({ tenant: 7, traceparent: expect.stringContaining(idOf(same!)) })
})

test("joins what blocking code enqueues, also inside a transaction, and marks as failed what was refused", async () => {
  const { database, schema, worker } = await installQueue()
  const driver = new SyncPgDriver(database.url)
  onTestFinished(() => driver.close())
  const queries = new SyncQueries(driver, { schema, tracing })
  tracer.startActiveSpan("GET /order", (span) => {
    queries.enqueue("a", 1, { dedupeKey: "k" })
    driver.transaction((open) => new SyncQueries(open, { schema, tracing }).enqueueMany([{ entrypoint: "b" }]))
    expect(() => queries.enqueue("a", 1, { dedupeKey: "k" })).toThrow(/k/)
    span.end()
  })
  const { pgq, drain } = worker({ tracing })
  pgq.entrypoint("a", () => {})
  pgq.entrypoint("b", () => {})
  await drain()
  expect(outline(seen())).toEqual([
    "GET /order",
    "  enqueue a",
    "    process a",
    "  enqueue b",
    "    process b",
    "  enqueue a: failed",
  ])
  expect(() => new SyncQueries(driver, { tracing: {} as never })).toThrow(/tracing must be an object with startEnqueue/)
})

test("carries baggage into the handler", async () => {
  const { queries, worker } = await installQueue({ tracing })
  const { pgq, drain } = worker({ tracing })
  const heard: unknown[] = []
  pgq.entrypoint("a", async () => {
    await Promise.resolve()
    heard.push(propagation.getActiveBaggage()?.getEntry("tenant")?.value)
  })
  const tenant = propagation.createBaggage({ tenant: { value: "seven" } })
  await context.with(propagation.setBaggage(context.active(), tenant), () => queries.enqueue("a"))
  await drain()
  expect(heard).toEqual(["seven"])
})

test("leaves a trace context alone that the caller gave, continues it, and links the enqueue to it", async () => {
  const { queries, worker } = await installQueue({ tracing })
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  const [id] = await queries.enqueue("a", null, { headers: { traceparent, tracestate: "x=1" } })
  const { pgq, drain } = worker({ tracing })
  pgq.entrypoint("a", () => {})
  await drain()
  expect((await queries.job(id!))!.headers).toEqual({ traceparent, tracestate: "x=1" })
  expect(parentOf(one("process a"))).toBe("b7ad6b7169203331")
  expect(one("enqueue a").links.map((link) => link.context.spanId)).toEqual(["b7ad6b7169203331"])
})

test.each([
  { traceparent: 5, tracestate: null, baggage: { a: [] } },
  { traceparent: "00-zz-zz-01", tracestate: "\u0000,,,=", baggage: "=;=%%%,".repeat(100) },
  { traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-01`, baggage: "a=%E0%A4%A" },
])("runs a job whose headers are nonsense in a trace of its own: %#", async (headers) => {
  const { queries, worker } = await installQueue({ tracing })
  const [id] = await queries.enqueue("a", 1, { headers })
  const { pgq, drain, log } = worker({ tracing })
  pgq.entrypoint("a", () => {})
  await drain()
  expect(await queries.job(id!)).toMatchObject({ status: "successful", headers })
  expect(one("process a").parentSpanContext).toBeUndefined()
  expect(log.messages("warn")).toEqual([])
})

test("leaves out what makes the headers too long, never what the caller gave", async () => {
  const { queries } = await installQueue({ tracing })
  const big = { big: "x".repeat(16_384 - 200) }
  const full = { big: "x".repeat(16_384 - 10) }
  const baggage = propagation.createBaggage({ tenant: { value: "7".repeat(300) } })
  const ids = await context.with(propagation.setBaggage(context.active(), baggage), () =>
    queries.enqueueMany([
      { entrypoint: "a", headers: big },
      { entrypoint: "a", headers: full },
    ]),
  )
  expect((await queries.job(ids[0]!))!.headers).toEqual({ ...big, traceparent: expect.any(String) })
  expect((await queries.job(ids[1]!))!.headers).toEqual(full)
})

test("gives a job that came without a context a trace of its own, whatever else runs", async () => {
  const queue = await installQueue()
  await queue.queries.enqueueMany([{ entrypoint: "a" }, { entrypoint: "a" }, { entrypoint: "a" }])
  const { pgq, drain } = queue.worker({ tracing, maxConcurrentTasks: 1 })
  pgq.entrypoint("a", async (_job, { progress }) => {
    progress(1)
    await Promise.resolve()
  })
  await drain()
  expect(named("process a").map(parentOf)).toEqual([undefined, undefined, undefined])
  expect(new Set(named("process a").map((span) => span.spanContext().traceId)).size).toBe(3)
})

test("marks as failed what has failed, and only that", async () => {
  const { queries, worker } = await installQueue({ tracing })
  const { pgq, drain } = worker({ tracing })
  pgq.entrypoint("throws", () => {
    throw new TypeError("no such thing")
  })
  pgq.entrypoint("throws_text", () => {
    throw "just text"
  })
  pgq.entrypoint("late", async (_job, { signal }) => void (await aborted(signal)), { timeout: 10 })
  pgq.entrypoint("asks", () => {
    throw new RetryRequested({ delay: "1h" })
  })
  pgq.entrypoint("asks_because", () => {
    throw new RetryRequested({ delay: "1h", cause: new RangeError("too soon") })
  })
  pgq.entrypoint("held", () => Promise.reject(new Error("no")), { onFailure: "hold" })
  const names = ["throws", "throws_text", "late", "asks", "asks_because", "held"]
  await queries.enqueue(names)
  await drain()
  const ends = Object.fromEntries(
    names.map((name) => {
      const { attributes, status } = one(`process ${name}`)
      return [name, [attributes["pgqueuer.job.status"], attributes["error.type"], status.code === SpanStatusCode.ERROR]]
    }),
  )
  expect(ends).toEqual({
    throws: ["exception", "TypeError", true],
    throws_text: ["exception", "_OTHER", true],
    late: ["exception", "PGQ_TIMEOUT", true],
    asks: ["deferred", undefined, false],
    asks_because: ["deferred", "RangeError", true],
    held: ["failed", "Error", true],
  })
})

test("ends the span of a canceled run without an error", async () => {
  const { queries, worker, ended } = await installQueue({ tracing })
  const { pgq, start } = worker({ tracing })
  const begun = deferred()
  pgq.entrypoint("a", async (_job, { signal }) => {
    begun.resolve()
    await aborted(signal)
    signal.throwIfAborted()
  })
  const [id] = await queries.enqueue("a")
  start()
  await begun.promise
  await queries.cancel(id!)
  await ended(1)
  await eventually(() => named("process a").length === 1)
  expect(one("process a")).toMatchObject({
    status: { code: SpanStatusCode.UNSET },
    attributes: { "pgqueuer.job.status": "canceled" },
  })
})

test("marks an enqueue as failed that was refused", async () => {
  const { queries } = await installQueue({ tracing })
  await queries.enqueue("a", null, { dedupeKey: "k" })
  await expect(queries.enqueue("a", null, { dedupeKey: "k" })).rejects.toMatchObject({ code: "PGQ_DUPLICATE_KEY" })
  expect(await queries.enqueue("a", null, { dedupeKey: "k", onConflict: "skip" })).toEqual([null])
  const [, refused, skipped] = named("enqueue a")
  expect(refused).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { "error.type": "PGQ_DUPLICATE_KEY" },
  })
  expect(skipped!.status.code).toBe(SpanStatusCode.UNSET)
  expect(skipped!.attributes).not.toHaveProperty("messaging.message.id")
})

test("continues a trace that an enqueue from SQL carries", async () => {
  const { worker, sql } = await installQueue()
  const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }
  await sql("select pgqueuer.enqueue('a', headers => $1)", [JSON.stringify(headers)])
  const { pgq, drain } = worker({ tracing })
  pgq.entrypoint("a", () => {})
  await drain()
  expect(one("process a").spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c")
})

test("refuses options that it does not know", () => {
  expect(() => openTelemetryTracing({ tracerProvider: {} as never })).toThrow(/getTracer/)
  expect(() => openTelemetryTracing({ provider: 1 } as never)).toThrow(/no option "provider"/)
})

function seen(): SeenSpan[] {
  return inOrder().map((span) => ({
    name: span.name,
    ...span.spanContext(),
    parentId: span.parentSpanContext?.spanId,
    attributes: span.attributes as Attributes,
    failed: span.status.code === SpanStatusCode.ERROR,
  }))
}

function inOrder(): ReadableSpan[] {
  return [...exporter.getFinishedSpans()].sort(
    (a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1],
  )
}

function named(name: string): ReadableSpan[] {
  return inOrder().filter((span) => span.name === name)
}

function one(name: string): ReadableSpan {
  expect(named(name)).toHaveLength(1)
  return named(name)[0]!
}

function parentOf(span: ReadableSpan): string | undefined {
  return span.parentSpanContext?.spanId
}

function idOf(span: ReadableSpan): string {
  return span.spanContext().spanId
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
}
