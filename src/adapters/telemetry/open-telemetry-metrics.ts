import {
  type Attributes,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics,
  type Observable,
} from "@opentelemetry/api"
import type { Job } from "../../domain/job.js"
import { anObjectWith, checkOptions } from "../../domain/options.js"
import { attribute, runFailure, systemName } from "./messaging.js"
import { metricCatalog, shownBoundsMs } from "./metric-catalog.js"
import { type QueueReader, type ScrapeOptions, Scraper, scrapeOptionChecks } from "./scraper.js"

export interface OpenTelemetryMetricsOptions extends ScrapeOptions {
  /** Makes the meter, named `pgqueuer`; default: the one that the application's SDK has registered. */
  readonly meterProvider?: MeterProvider
}

/** A worker that tells what happens in it: `PgQueuer`, `QueueManager`. */
export interface ObservedWorker {
  on(event: "started", listener: (event: { readonly job: Job; readonly waitMs: number | null }) => void): () => void
  on(
    event: "ended",
    listener: (event: {
      readonly job: Job
      readonly status: string
      readonly runMs: number
      readonly error?: unknown
    }) => void,
  ): () => void
  on(
    event: "retried",
    listener: (event: { readonly job: Job; readonly runMs: number; readonly error: unknown }) => void,
  ): () => void
}

/**
 * Metrics for OpenTelemetry. Of `Queries`: those of the whole queue, the same as for Prometheus, read from the database when the SDK collects;
 * in one process of a queue. Of a worker: how long its jobs ran and waited, recorded as they end, as histograms can't be observed;
 * in each worker. Start the SDK first; without one it does nothing.
 *
 * @returns disposing it takes the instruments' callbacks and the listeners off
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function openTelemetryMetrics(
  source: QueueReader | ObservedWorker,
  options: OpenTelemetryMetricsOptions = {},
): Disposable {
  checkOptions("openTelemetryMetrics", options, { ...scrapeOptionChecks, meterProvider: anObjectWith("getMeter") })
  const meter = (options.meterProvider ?? metrics).getMeter("pgqueuer")
  if (isWorker(source)) return recordRuns(meter, source)
  return observeQueue(meter, new Scraper("openTelemetryMetrics", source, options))
}

function isWorker(source: QueueReader | ObservedWorker): source is ObservedWorker {
  return typeof Object(source).on === "function"
}

function observeQueue(meter: Meter, scraper: Scraper): Disposable {
  const instruments = metricCatalog.flatMap((definition) => {
    const { name, kind, unit, help: description } = definition
    if (kind === "histogram") return []
    const make = kind === "counter" ? "createObservableCounter" : "createObservableGauge"
    return [{ definition, instrument: meter[make](name, { unit, description }) as Observable }]
  })
  const observables = instruments.map(({ instrument }) => instrument)
  const observe: Parameters<Meter["addBatchObservableCallback"]>[0] = async (result) => {
    const scrape = await scraper.scrape()
    for (const { definition, instrument } of instruments) {
      for (const { labels, value } of scrape.pointsOf(definition)) {
        result.observe(instrument, value as number, attributesOf(labels))
      }
    }
  }
  meter.addBatchObservableCallback(observe, observables)
  return { [Symbol.dispose]: () => meter.removeBatchObservableCallback(observe, observables) }
}

/** The conventions' names where they have one, else ours. */
const attributeNames: Readonly<Record<string, string>> = {
  entrypoint: attribute.destination,
  status: attribute.status,
  code: attribute.errorType,
  host: "host.name",
  pid: "process.pid",
  worker: "pgqueuer.worker.id",
  schedule: "pgqueuer.schedule.name",
}

function attributesOf(labels: Readonly<Record<string, string>>): Attributes {
  return Object.fromEntries(
    Object.entries(labels).map(([label, value]) => [attributeNames[label] ?? `pgqueuer.${label}`, value]),
  )
}

function recordRuns(meter: Meter, worker: ObservedWorker): Disposable {
  const advice = { explicitBucketBoundaries: shownBoundsMs.map((bound) => bound / 1_000) }
  const runs = meter.createHistogram("messaging.process.duration", {
    unit: "s",
    description: "How long attempts of jobs ran.",
    advice,
  })
  const waits = meter.createHistogram("pgqueuer.job.wait.duration", {
    unit: "s",
    description: "From when jobs could start to their first start.",
    advice,
  })
  const listeners = [
    worker.on("started", ({ job, waitMs }) => {
      if (waitMs !== null) waits.record(waitMs / 1_000, aboutRun(job))
    }),
    worker.on("ended", ({ job, status, runMs, error }) => recordRun(runs, job, runMs, status, error)),
    worker.on("retried", ({ job, runMs, error }) => recordRun(runs, job, runMs, "deferred", error)),
  ]
  return {
    [Symbol.dispose]() {
      for (const stop of listeners) stop()
    },
  }
}

function recordRun(runs: Histogram, job: Job, runMs: number, status: string, error: unknown): void {
  const failure = runFailure({ status: status as "deferred", error })
  runs.record(runMs / 1_000, {
    ...aboutRun(job),
    [attribute.status]: status,
    ...(failure === undefined ? {} : { [attribute.errorType]: failure.type }),
  })
}

function aboutRun({ entrypoint }: Job): Attributes {
  return {
    [attribute.system]: systemName,
    [attribute.operation]: "process",
    [attribute.destination]: entrypoint,
  }
}
