import * as Sentry from "@sentry/node"
import { afterAll, beforeEach, expect, test } from "vitest"
import { sentryTracing } from "../../src/adapters/telemetry/sentry.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { installQueue } from "../support/queue.js"
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

/** What Sentry's servers would get. */
const items: { readonly type: string; readonly body: unknown }[] = []
Sentry.initWithoutDefaultIntegrations({
  dsn: "https://key@sentry.test/1",
  tracesSampleRate: 1,
  integrations: [Sentry.spanStreamingIntegration()],
  transport: () => ({
    async send(envelope) {
      for (const [{ type }, body] of envelope[1]) items.push({ type: type ?? "", body })
      return {}
    },
    flush: async () => true,
  }),
})
const tracing = sentryTracing()

beforeEach(async () => {
  await Sentry.flush()
  items.length = 0
})
afterAll(() => Sentry.close())

test("joins a request, its job, the job's job and the retry of that into one trace", async () => {
  await orderAndMail(tracing, (work) => Sentry.startSpan({ name: "GET /order", op: "http.server" }, work))
  expect(outline(await spans())).toEqual(orderAndMailTree)
})

test("joins a schedule, the batch that its handler enqueues and the jobs of that into one trace", async () => {
  await tickAndReports(tracing)
  expect(outline(await spans())).toEqual(tickAndReportsTree)
  expect((await named("tick 毎年"))[0]!.attributes).toMatchObject({
    "sentry.op": "queue.process",
    "messaging.destination.name": "毎年",
    "messaging.operation.name": "tick",
  })
})

test("begins a trace for each job that a schedule enqueues, once however many workers want to", async () => {
  const queue = await ticksOfJobs(tracing, (work) => Sentry.startSpan({ name: "GET /start" }, work))
  await expectTracesOfTicks(queue, await spans())
})

test("describes publishing and processing as Sentry's queue pages want it", async () => {
  const queue = await orderAndMail(tracing, (work) => Sentry.startSpan({ name: "GET /order" }, work))
  const [mail] = await queue.queries.jobs({ entrypoint: "mail" })
  const published = (await named("enqueue mail"))[0]!
  expect(published.attributes).toMatchObject({
    "sentry.op": "queue.publish",
    "sentry.origin": "auto.queue.pgqueuer.producer",
    "messaging.system": "pgqueuer",
    "messaging.destination.name": "mail",
    "messaging.message.id": mail!.id,
    "messaging.message.body.size": 24,
  })
  const [failed, succeeded] = await named("process mail")
  expect(failed!.attributes).toMatchObject({
    "sentry.op": "queue.process",
    "sentry.origin": "auto.queue.pgqueuer.consumer",
    "messaging.system": "pgqueuer",
    "messaging.destination.name": "mail",
    "messaging.message.id": mail!.id,
    "messaging.message.body.size": 24,
    "messaging.message.receive.latency": expect.any(Number),
    "messaging.message.retry.count": 0,
    "pgqueuer.job.status": "deferred",
    "error.type": "Error",
  })
  expect(succeeded!.attributes).toMatchObject({
    "messaging.message.retry.count": 1,
    "pgqueuer.job.status": "successful",
  })
})

test("sends the error that ended a job, in the trace of its run, and none that was retried", async () => {
  const { queries, worker } = await installQueue({ tracing })
  const { pgq, drain } = worker({ tracing })
  pgq.entrypoint("fails", async () => {
    await Promise.resolve()
    Sentry.setTag("step", "two")
    throw new TypeError("no such thing")
  })
  pgq.entrypoint("asks", () => {
    throw new RetryRequested({ delay: "1h", cause: new Error("later") })
  })
  const [id] = await queries.enqueue("fails")
  await queries.enqueue("asks")
  await drain()
  const [run] = await named("process fails")
  expect(await events()).toMatchObject([
    {
      exception: {
        values: [
          {
            type: "TypeError",
            value: "no such thing",
            mechanism: { handled: false, type: "auto.queue.pgqueuer" },
          },
        ],
      },
      contexts: {
        job: { id, entrypoint: "fails", attempt: 1 },
        trace: { trace_id: run!.traceId, span_id: run!.spanId },
      },
      tags: { step: "two" },
      transaction: "process fails",
    },
  ])
})

test("sends errors that are retried, too, when it is told to", async () => {
  const { queries, worker } = await installQueue()
  const { pgq, drain } = worker({ tracing: sentryTracing({ captureRetries: true }) })
  pgq.entrypoint("asks", () => {
    throw new RetryRequested({ delay: "1h", cause: new Error("later") })
  })
  pgq.entrypoint("only_asks", () => {
    throw new RetryRequested({ delay: "1h" })
  })
  await queries.enqueue(["asks", "only_asks"])
  await drain()
  expect(await events()).toMatchObject([{ exception: { values: [{ value: "later" }] } }])
})

test("begins each run with what was said for all, not with what another job said of itself", async () => {
  Sentry.setTag("service", "shop")
  const { queries, worker } = await installQueue()
  const { pgq, drain } = worker({ tracing, maxConcurrentTasks: 1 })
  pgq.entrypoint("tags", async () => void Sentry.setTag("tenant", "seven"))
  pgq.entrypoint("fails", () => Promise.reject(new Error("mine")))
  await queries.enqueue(["tags", "fails"], ["", ""], [1, 0])
  await drain()
  const [event] = await events()
  expect(event).toMatchObject({ tags: { service: "shop" } })
  expect(event).not.toHaveProperty("tags.tenant")
})

test("begins a run that happens to start in the midst of something else with a clean scope", () => {
  const job = { id: "1", entrypoint: "a", payload: 1, headers: {}, priority: 0, attempt: 1, createdAt: new Date() }
  Sentry.withIsolationScope((isolation) => {
    isolation.setTag("tenant", "seven")
    Sentry.startSpan({ name: "something else" }, (other) => {
      const run = tracing.startRun({ job, headersText: null, payloadBytes: 1 })
      run.call(() => {
        expect(Sentry.getIsolationScope().getScopeData().tags).not.toHaveProperty("tenant")
        expect(Sentry.getActiveSpan()!.spanContext().traceId).not.toBe(other.spanContext().traceId)
      })
      run.end({ status: "successful" })
    })
  })
})

test("continues a trace of OpenTelemetry that the caller gave, leaves it alone, and links the enqueue to it", async () => {
  const { queries, worker } = await installQueue({ tracing })
  const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }
  const [id] = await queries.enqueue("a", null, { headers })
  const { pgq, drain } = worker({ tracing })
  pgq.entrypoint("a", () => {})
  await drain()
  expect((await queries.job(id!))!.headers).toEqual(headers)
  expect((await named("process a"))[0]).toMatchObject({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    parentId: "b7ad6b7169203331",
  })
  expect((await streamed()).find((span) => span.name === "enqueue a")!.links).toMatchObject([
    { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331", sampled: true },
  ])
})

test("writes the context for readers of W3C's headers, too", async () => {
  const { queries } = await installQueue({ tracing })
  const [id] = await queries.enqueue("a")
  const [{ traceId, spanId }] = (await named("enqueue a")) as [SeenSpan]
  expect((await queries.job(id!))!.headers).toEqual({
    "sentry-trace": `${traceId}-${spanId}-1`,
    traceparent: `00-${traceId}-${spanId}-01`,
    baggage: expect.stringContaining(`sentry-trace_id=${traceId}`),
  })
})

test.each([
  { "sentry-trace": 5, baggage: ["a"], traceparent: null },
  { "sentry-trace": "nonsense", baggage: "=;=%%%,".repeat(100), traceparent: "00-zz-zz-01" },
  { "sentry-trace": `${"0".repeat(32)}-${"0".repeat(16)}-1` },
])("runs a job whose headers are nonsense in a trace of its own: %#", async (headers) => {
  const { queries, worker } = await installQueue({ tracing })
  const [id] = await queries.enqueue("a", 1, { headers })
  const { pgq, drain, log } = worker({ tracing })
  pgq.entrypoint("a", () => {})
  await drain()
  expect(await queries.job(id!)).toMatchObject({ status: "successful", headers })
  expect((await named("process a"))[0]).toMatchObject({ parentId: undefined, failed: false })
  expect(log.messages("warn")).toEqual([])
})

test("joins all jobs of a batch to the one span of the call", async () => {
  const { queries, worker } = await installQueue({ tracing })
  await queries.enqueueMany([{ entrypoint: "a" }, { entrypoint: "b" }])
  const { pgq, drain } = worker({ tracing })
  pgq.entrypoint("a", () => {})
  pgq.entrypoint("b", () => {})
  await drain()
  const [call] = await named("enqueue")
  expect(call!.attributes["messaging.batch.message_count"]).toBe(2)
  const runs = [...(await named("process a")), ...(await named("process b"))]
  expect(runs.map((span) => span.parentId)).toEqual([call!.spanId, call!.spanId])
})

test("refuses options that it does not know", () => {
  expect(() => sentryTracing({ captureRetry: true } as never)).toThrow(/did you mean captureRetries/)
})

interface StreamedSpan {
  readonly name: string
  readonly trace_id: string
  readonly span_id: string
  readonly parent_span_id?: string
  readonly start_timestamp: number
  readonly status: string
  readonly attributes: Readonly<Record<string, { readonly value: unknown }>>
  readonly links?: readonly unknown[]
}

async function streamed(): Promise<StreamedSpan[]> {
  await Sentry.flush()
  return items
    .filter(({ type }) => type === "span")
    .flatMap(({ body }) => (body as { readonly items: readonly StreamedSpan[] }).items)
    .sort((a, b) => a.start_timestamp - b.start_timestamp)
}

async function spans(): Promise<SeenSpan[]> {
  return (await streamed()).map((span) => ({
    name: span.name,
    traceId: span.trace_id,
    spanId: span.span_id,
    parentId: span.parent_span_id,
    attributes: Object.fromEntries(Object.entries(span.attributes).map(([name, { value }]) => [name, value])),
    failed: span.status === "error",
  }))
}

async function named(name: string): Promise<SeenSpan[]> {
  return (await spans()).filter((span) => span.name === name)
}

async function events(): Promise<unknown[]> {
  await Sentry.flush()
  return items.filter(({ type }) => type === "event").map(({ body }) => body)
}
