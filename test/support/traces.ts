import { expect } from "vitest"
import type { Tracing } from "../../src/ports/tracing.js"
import { eventually, installQueue, type TestQueue } from "./queue.js"

/** A span as any of the exporters saw it. */
export interface SeenSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly failed: boolean
}

/** A request enqueues an order, whose handler enqueues a mail, whose handler fails once. Resolves when both jobs have ended. */
export async function orderAndMail(
  tracing: Tracing,
  inRequest: (work: () => Promise<unknown>) => Promise<unknown>,
): Promise<TestQueue> {
  const queue = await installQueue({ tracing })
  const worker = queue.worker({ tracing })
  worker.pgq.entrypoint("order", async (_job, { queries }) => {
    await queries.enqueue("mail", { to: "ada@example.com" })
  })
  worker.pgq.entrypoint(
    "mail",
    async ({ attempt }) => {
      if (attempt === 1) throw new Error("the mail server is busy")
    },
    { retry: { initialDelay: 1, jitter: 0 } },
  )
  await inRequest(() => queue.queries.enqueue("order", { items: 2 }))
  const running = worker.start()
  await queue.ended(2)
  await running.stop()
  expect(worker.log.messages("warn")).not.toContain("tracing failed; the work goes on without it")
  return queue
}

/** What `orderAndMail` must look like. */
export const orderAndMailTree = [
  "GET /order",
  "  enqueue order",
  "    process order",
  "      enqueue mail",
  "        process mail: failed",
  "        process mail",
]

/** The handler of a schedule enqueues a batch. Resolves when its jobs have ended. */
export async function tickAndReports(tracing: Tracing): Promise<TestQueue> {
  const queue = await installQueue()
  const worker = queue.worker({ tracing })
  worker.pgq.schedule("毎年", "0 0 1 1 *", async (_schedule, { queries }) => {
    await queries.enqueueMany([{ entrypoint: "report" }, { entrypoint: "report" }])
  })
  worker.pgq.entrypoint("report", () => {})
  const running = worker.start()
  await eventually(async () => (await queue.queries.schedules()).length === 1)
  await queue.queries.triggerSchedules("毎年")
  await queue.ended(2)
  await running.stop()
  expect(worker.log.messages("warn")).not.toContain("tracing failed; the work goes on without it")
  return queue
}

/** What `tickAndReports` must look like. */
export const tickAndReportsTree = ["tick 毎年", "  enqueue report", "    process report", "    process report"]

/**
 * A schedule enqueues a job at each tick, and at a run by hand; two workers, begun in the midst of something else, want to. Resolves when
 * all jobs have ended.
 */
export async function ticksOfJobs(
  tracing: Tracing,
  inRequest: (work: () => Promise<void>) => Promise<unknown>,
): Promise<TestQueue> {
  const queue = await installQueue()
  const workers = [queue.worker({ tracing }), queue.worker({ tracing })]
  for (const { pgq } of workers) {
    pgq.schedule("毎秒", "* * * * * *", { entrypoint: "report", headers: { tenant: 7 } })
    pgq.entrypoint("report", () => {})
  }
  const enqueued = async () => (await queue.queries.jobs()).length
  await inRequest(async () => {
    const running = workers.map((worker) => worker.start())
    await eventually(async () => (await enqueued()) >= 2)
    await queue.queries.pauseSchedules("毎秒")
    const ticks = await enqueued()
    await queue.queries.triggerSchedules("毎秒")
    await queue.ended(ticks + 1)
    for (const one of running) await one.stop()
  })
  for (const { log } of workers)
    expect(log.messages("warn")).not.toContain("tracing failed; the work goes on without it")
  return queue
}

/** What `ticksOfJobs` must look like: a trace for each job. */
export async function expectTracesOfTicks({ queries }: TestQueue, spans: readonly SeenSpan[]): Promise<void> {
  const ids = (await queries.jobs()).map(({ id }) => id).sort()
  const producers = spans.filter(({ name }) => name === "enqueue report")
  expect(producers.map(({ attributes }) => attributes["messaging.message.id"]).sort()).toEqual(ids)
  for (const { traceId, attributes } of producers) {
    expect(outline(spans.filter((span) => span.traceId === traceId))).toEqual(["enqueue report", "  process report"])
    expect(attributes).toMatchObject({ "pgqueuer.schedule.name": "毎秒" })
  }
  for (const job of await queries.jobs())
    expect(job.headers).toMatchObject({ tenant: 7, traceparent: expect.any(String) })
}

/** The spans of one trace as an indented outline, in the order in which they were given; fails when they are not one tree. */
export function outline(spans: readonly SeenSpan[]): string[] {
  expect(new Set(spans.map((span) => span.traceId)).size).toBe(1)
  const below = (parentId: string | undefined, indent: string): string[] =>
    spans
      .filter((span) => span.parentId === parentId)
      .flatMap((span) => [
        `${indent}${span.name}${span.failed ? ": failed" : ""}`,
        ...below(span.spanId, `${indent}  `),
      ])
  const lines = below(undefined, "")
  expect(lines).toHaveLength(spans.length)
  return lines
}
