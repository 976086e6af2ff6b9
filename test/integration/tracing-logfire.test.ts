import { SpanKind, SpanStatusCode } from "@opentelemetry/api"
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as logfire from "@pydantic/logfire-node"
import { afterAll, beforeEach, expect, test } from "vitest"
import { logfireTracing } from "../../src/adapters/telemetry/logfire.js"
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

const exporter = new InMemorySpanExporter()
logfire.configure({
  sendToLogfire: false,
  console: false,
  metrics: false,
  scrubbing: false,
  additionalSpanProcessors: [new SimpleSpanProcessor(exporter)],
})
const tracing = logfireTracing()

beforeEach(() => exporter.reset())
afterAll(() => logfire.shutdown())

test("joins a request, its job, the job's job and the retry of that into one trace", async () => {
  await orderAndMail(tracing, (work) => logfire.span("GET /order", { callback: work }))
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
  const queue = await ticksOfJobs(tracing, (work) => logfire.span("GET /start", { callback: work }))
  await expectTracesOfTicks(queue, seen())
})

test("makes Logfire's own spans of the conventions for messaging, failed ones at the level error", async () => {
  await orderAndMail(tracing, (work) => work())
  expect(named("enqueue mail")).toMatchObject([
    {
      kind: SpanKind.PRODUCER,
      attributes: { "logfire.msg": "enqueue mail", "logfire.span_type": "span", "messaging.system.name": "pgqueuer" },
    },
  ])
  const [failed, succeeded] = named("process mail")
  expect(failed).toMatchObject({
    kind: SpanKind.CONSUMER,
    status: { code: SpanStatusCode.ERROR },
    events: [{ name: "exception", attributes: { "exception.message": "the mail server is busy" } }],
    attributes: {
      "logfire.level_num": logfire.Level.Error,
      "messaging.destination.name": "mail",
      "error.type": "Error",
    },
  })
  expect(succeeded).toMatchObject({
    attributes: { "logfire.level_num": logfire.Level.Info, "pgqueuer.job.status": "successful" },
    links: [{ context: { spanId: named("enqueue mail")[0]!.spanContext().spanId } }],
  })
})

test("takes the name of an entrypoint as it is, braces and all", async () => {
  const { queries } = await installQueue({ tracing })
  await queries.enqueue("a{b} {messaging.system.name}")
  expect(inOrder().map((span) => [span.name, span.attributes["logfire.msg"]])).toEqual([
    ["enqueue a{b} {messaging.system.name}", "enqueue a{b} {messaging.system.name}"],
  ])
})

test.each([{ traceparent: 5 }, { traceparent: "00-zz-zz-01", tracestate: ["x"] }])(
  "runs a job whose headers are nonsense in a trace of its own: %#",
  async (headers) => {
    const { queries, worker } = await installQueue({ tracing })
    const [id] = await queries.enqueue("a", 1, { headers })
    const { pgq, drain } = worker({ tracing })
    pgq.entrypoint("a", () => {})
    await drain()
    expect(await queries.job(id!)).toMatchObject({ status: "successful", headers })
    expect(named("process a")).toMatchObject([{ parentSpanContext: undefined }])
  },
)

function seen(): SeenSpan[] {
  return inOrder().map((span) => ({
    name: span.name,
    ...span.spanContext(),
    parentId: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    failed: span.status.code === SpanStatusCode.ERROR,
  }))
}

function named(name: string): ReadableSpan[] {
  return inOrder().filter((span) => span.name === name)
}

/** Those that Node's own instrumentations make are left out. */
function inOrder(): ReadableSpan[] {
  return exporter
    .getFinishedSpans()
    .filter((span) => span.instrumentationScope.name === "logfire")
    .sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
}
