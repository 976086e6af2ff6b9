import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics"
import { expect, it, onTestFinished } from "vitest"
import { metricCatalog } from "../../src/adapters/telemetry/metric-catalog.js"
import { openTelemetryMetrics } from "../../src/adapters/telemetry/opentelemetry.js"
import { RetryRequested } from "../../src/domain/retry-requested.js"
import { installQueue } from "../support/queue.js"

it("observes the same of a queue as Prometheus does, but for histograms", async () => {
  const queue = await installQueue({ checked: false })
  await queue.queries.enqueue(["good", "bad", "idle"])
  const { pgq, drain } = queue.worker()
  pgq.entrypoint("good", () => {})
  pgq.entrypoint("bad", () => {
    throw new Error("no")
  })
  await drain()
  const { provider, collect } = sdk()
  const observed = openTelemetryMetrics(queue.queries, { meterProvider: provider })
  const found = await collect()
  const wanted = metricCatalog.filter(
    ({ kind, name }) => kind !== "histogram" && !/worker\.|schedule\.|_limit|errors|held|paused/.test(name),
  )
  expect([...found.keys()]).toEqual(expect.arrayContaining(wanted.map(({ name }) => name)))
  const about = (entrypoint: string, status: string) => ({
    "messaging.destination.name": entrypoint,
    "pgqueuer.job.status": status,
  })
  expect(found.get("pgqueuer.job.ends")).toMatchObject({ descriptor: { unit: "{job}" }, isMonotonic: true })
  expect(found.get("pgqueuer.job.ends")!.dataPoints).toContainEqual(
    expect.objectContaining({ value: 1, attributes: about("bad", "exception") }),
  )
  expect(found.get("pgqueuer.jobs")!.dataPoints).toContainEqual(
    expect.objectContaining({ value: 1, attributes: about("idle", "queued") }),
  )
  expect(found.get("pgqueuer.up")!.dataPoints).toMatchObject([{ value: 1 }])

  await queue.queries.uninstall()
  const later = await collect()
  expect(later.get("pgqueuer.up")!.dataPoints).toMatchObject([{ value: 0 }])
  expect(later.get("pgqueuer.scrape.errors")!.dataPoints).toMatchObject([
    { value: 1, attributes: { "error.type": "PGQ_SCHEMA_MISSING" } },
  ])
  observed[Symbol.dispose]()
  // The SDK goes on to export what it saw last: nothing is read any more.
  expect((await collect()).get("pgqueuer.scrape.errors")!.dataPoints).toMatchObject([{ value: 1 }])
}, 60_000)

it("records in a worker how long jobs ran and waited, under the names of the conventions", async () => {
  const queue = await installQueue()
  await queue.queries.enqueue(["good", "good", "bad", "again"])
  const { provider, collect } = sdk()
  const { pgq, start } = queue.worker()
  const observed = openTelemetryMetrics(pgq, { meterProvider: provider })
  pgq.entrypoint("good", () => new Promise((resolve) => setTimeout(resolve, 30)))
  pgq.entrypoint("bad", () => {
    throw new TypeError("no")
  })
  pgq.entrypoint("again", ({ attempt }) => {
    if (attempt === 1) throw new RetryRequested({ delay: 1 })
  })
  start()
  await queue.ended(4)
  const found = await collect()
  expect([...found.keys()].sort()).toEqual(["messaging.process.duration", "pgqueuer.job.wait.duration"])
  const runs = found.get("messaging.process.duration")!
  expect(runs.descriptor).toMatchObject({ unit: "s" })
  const seen = runs.dataPoints.map(({ attributes, value }) => [
    attributes["messaging.destination.name"],
    attributes["pgqueuer.job.status"],
    attributes["error.type"],
    (value as { count: number }).count,
  ])
  expect(seen.sort()).toEqual([
    ["again", "deferred", undefined, 1],
    ["again", "successful", undefined, 1],
    ["bad", "exception", "TypeError", 1],
    ["good", "successful", undefined, 2],
  ])
  const good = runs.dataPoints.find(({ attributes }) => attributes["messaging.destination.name"] === "good")!
  expect(good.attributes).toMatchObject({ "messaging.system.name": "pgqueuer", "messaging.operation.name": "process" })
  const { sum, buckets } = good.value as { sum: number; buckets: { boundaries: number[] } }
  expect(sum).toBeGreaterThan(0.05)
  expect(buckets.boundaries.slice(0, 3)).toEqual([0.001, 0.0025, 0.005])
  const waits = found
    .get("pgqueuer.job.wait.duration")!
    .dataPoints.map(({ value }) => (value as { count: number }).count)
  expect(waits.reduce((all, one) => all + one, 0)).toBe(4)
  observed[Symbol.dispose]()
})

it("refuses what is neither, and does nothing without an SDK", async () => {
  expect(() => openTelemetryMetrics({} as never)).toThrow("openTelemetryMetrics needs Queries or a PgQueuer")
  const queue = await installQueue()
  openTelemetryMetrics(queue.queries)[Symbol.dispose]()
  expect(() => openTelemetryMetrics(queue.queries, { meterProvider: {} as never })).toThrow(
    "must be an object with getMeter",
  )
})

/** An SDK that keeps what it exports. */
function sdk() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => provider.shutdown())
  return {
    provider,
    async collect() {
      exporter.reset()
      await provider.forceFlush()
      const metrics = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
      return new Map(
        metrics.filter(({ dataPoints }) => dataPoints.length > 0).map((metric) => [metric.descriptor.name, metric]),
      )
    },
  }
}
