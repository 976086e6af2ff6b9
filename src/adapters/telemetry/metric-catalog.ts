import { boundsMs, bucketOf, type Histogram } from "../../domain/histogram.js"
import type { MetricReadings } from "../../ports/metric-store.js"
import type { Vitals } from "../../ports/vitals.js"
import type { OpenLabel } from "./metric-names.js"

/** A number, or how numbers are spread: how many were at most so large, for ascending bounds without the last, infinite one. */
export type MetricValue = number | Distribution

export interface Distribution {
  readonly count: number
  readonly sum: number
  readonly upTo: readonly (readonly [bound: number, count: number])[]
}

export interface MetricPoint {
  readonly labels: Readonly<Record<string, string>>
  readonly value: MetricValue
}

/** What is known after a scrape, whether the database answered or not. */
export interface Scraped {
  readonly readings: MetricReadings | undefined
  /** Every entrypoint that is known of, those of which most has ended first. */
  readonly entrypoints: readonly string[]
  /** How often a reading failed since the start, by the code of the error. */
  readonly failures: ReadonlyMap<string, number>
  /** How many names each label does not show. */
  readonly hidden: Readonly<Record<OpenLabel, number>>
}

export interface MetricDefinition {
  /** As OpenTelemetry writes names. Those of Prometheus follow from name, unit and kind. */
  readonly name: string
  readonly kind: "gauge" | "counter" | "histogram"
  /** As UCUM writes units: `s`, `By`, `{job}`. */
  readonly unit: "s" | "By" | "{job}/s" | `{${string}}`
  readonly help: string
  readonly labels: readonly string[]
  /** How the values of names that are not shown become one; `drop`: they have no common one. */
  readonly fold: "sum" | "max" | "drop"
  points(scraped: Scraped): Iterable<MetricPoint>
}

/** The bounds of histograms in milliseconds: 1, 2.5 and 5 of each power of ten from a millisecond to 5,000 seconds. All are bounds of ours, so the counts are exact. */
export const shownBoundsMs: readonly number[] = boundsMs.filter(
  (bound) => bound >= 1 && bound <= 5_000_000 && [1, 2.5, 5].includes(firstDigits(bound)),
)

/** All metrics there are, in the order in which they are shown. */
export const metricCatalog: readonly MetricDefinition[] = [
  {
    name: "pgqueuer.up",
    kind: "gauge",
    unit: "{scrape}",
    help: "1 when the database answered in time, 0 when it did not: then nothing else is known but the errors.",
    labels: [],
    fold: "drop",
    points: ({ readings }) => [point({}, readings === undefined ? 0 : 1)],
  },
  {
    name: "pgqueuer.scrape.duration",
    kind: "gauge",
    unit: "s",
    help: "How long the database took to answer.",
    labels: [],
    fold: "drop",
    points: whenRead((readings) => [point({}, readings.tookMs / 1_000)]),
  },
  {
    name: "pgqueuer.scrape.errors",
    kind: "counter",
    unit: "{error}",
    help: "Readings that failed since this process started, by the code of the error.",
    labels: ["code"],
    fold: "drop",
    points: ({ failures }) => [...failures].map(([code, count]) => point({ code }, count)),
  },
  {
    name: "pgqueuer.hidden_names",
    kind: "gauge",
    unit: "{name}",
    help: "Names that a label does not show because there are too many: summed up as __other__, or left out for workers.",
    labels: ["label"],
    fold: "drop",
    points: ({ readings, hidden }) =>
      readings === undefined ? [] : Object.entries(hidden).map(([label, count]) => point({ label }, count)),
  },
  {
    name: "pgqueuer.schema.info",
    kind: "gauge",
    unit: "{schema}",
    help: "Always 1: the version of the schema in the database, the oldest code that it serves, and the version of this code.",
    labels: ["version", "serves", "code_version"],
    fold: "drop",
    points: whenRead(({ schema, codeVersion }) => [
      point({ version: `${schema.version}`, serves: `${schema.serves}`, code_version: `${codeVersion}` }, 1),
    ]),
  },
  {
    name: "pgqueuer.jobs",
    kind: "gauge",
    unit: "{job}",
    help: "Jobs that have not ended, by where they stand. An estimate where there are very many: see pgqueuer_jobs_exact.",
    labels: ["entrypoint", "status"],
    fold: "sum",
    points: whenRead((readings, names) =>
      eachDepth(readings, names, (entrypoint, depth) =>
        places.map((status) => point({ entrypoint, status }, depth?.[status].count ?? 0)),
      ),
    ),
  },
  {
    name: "pgqueuer.jobs.exact",
    kind: "gauge",
    unit: "{scrape}",
    help: "1 when all of pgqueuer_jobs is counted, 0 when some of it is an estimate.",
    labels: [],
    fold: "drop",
    points: whenRead(({ depth }) => [point({}, depth.exact && depth.others === 0 ? 1 : 0)]),
  },
  {
    name: "pgqueuer.job.oldest_wait",
    kind: "gauge",
    unit: "s",
    help: "For how long the oldest job that may run has waited; 0 when none waits.",
    labels: ["entrypoint"],
    fold: "max",
    points: whenRead((readings, names) =>
      eachDepth(readings, names, (entrypoint, depth) => [point({ entrypoint }, (depth?.oldestWaitMs ?? 0) / 1_000)]),
    ),
  },
  {
    name: "pgqueuer.job.ends",
    kind: "counter",
    unit: "{job}",
    help: "Jobs that ended since the installation, by how. A job that failed, was put back and ended again counts twice.",
    labels: ["entrypoint", "status"],
    fold: "sum",
    points: whenRead((readings, names) =>
      eachTotal(readings, names, (entrypoint, total) =>
        ends.map((status) => point({ entrypoint, status }, total?.ended[status] ?? 0)),
      ),
    ),
  },
  {
    name: "pgqueuer.job.retries",
    kind: "counter",
    unit: "{attempt}",
    help: "Attempts that failed and after which the job is run again, since the installation.",
    labels: ["entrypoint"],
    fold: "sum",
    points: whenRead((readings, names) =>
      eachTotal(readings, names, (entrypoint, total) => [point({ entrypoint }, total?.retried ?? 0)]),
    ),
  },
  {
    name: "pgqueuer.job.rescues",
    kind: "counter",
    unit: "{job}",
    help: "Jobs that were taken from dead workers and run again, since the installation.",
    labels: ["entrypoint"],
    fold: "sum",
    points: whenRead((readings, names) =>
      eachTotal(readings, names, (entrypoint, total) => [point({ entrypoint }, total?.rescued ?? 0)]),
    ),
  },
  {
    name: "pgqueuer.job.run.duration",
    kind: "histogram",
    unit: "s",
    help: "How long attempts ran, counted when they end, since the installation.",
    labels: ["entrypoint"],
    fold: "sum",
    points: whenRead(({ totals }) => totals.map(({ entrypoint, runs }) => point({ entrypoint }, inSeconds(runs)))),
  },
  {
    name: "pgqueuer.job.wait.duration",
    kind: "histogram",
    unit: "s",
    help: "From when jobs could start to their first start, counted when that attempt ends, since the installation.",
    labels: ["entrypoint"],
    fold: "sum",
    points: whenRead(({ totals }) => totals.map(({ entrypoint, waits }) => point({ entrypoint }, inSeconds(waits)))),
  },
  {
    name: "pgqueuer.entrypoint.held",
    kind: "gauge",
    unit: "{job}",
    help: "Jobs of the entrypoint that workers hold: what a concurrency limit counts.",
    labels: ["entrypoint"],
    fold: "sum",
    points: whenRead(({ limits }) => limits.map(({ entrypoint, held }) => point({ entrypoint }, held))),
  },
  {
    name: "pgqueuer.entrypoint.concurrency_limit",
    kind: "gauge",
    unit: "{job}",
    help: "How many jobs of the entrypoint may be held at once over all workers; not there without a limit.",
    labels: ["entrypoint"],
    fold: "drop",
    points: whenRead(({ limits }) =>
      limits.flatMap(({ entrypoint, concurrencyLimit }) =>
        concurrencyLimit === null ? [] : [point({ entrypoint }, concurrencyLimit)],
      ),
    ),
  },
  {
    name: "pgqueuer.entrypoint.rate_limit",
    kind: "gauge",
    unit: "{job}/s",
    help: "How many jobs of the entrypoint may start in a second over all workers; not there without a limit.",
    labels: ["entrypoint"],
    fold: "drop",
    points: whenRead(({ limits }) =>
      limits.flatMap(({ entrypoint, requestsPerSecond }) =>
        requestsPerSecond === null ? [] : [point({ entrypoint }, requestsPerSecond)],
      ),
    ),
  },
  {
    name: "pgqueuer.entrypoint.paused",
    kind: "gauge",
    unit: "{entrypoint}",
    help: "1 while the entrypoint is paused, else 0.",
    labels: ["entrypoint"],
    fold: "sum",
    points: whenRead(({ limits }) => limits.map(({ entrypoint, paused }) => point({ entrypoint }, paused ? 1 : 0))),
  },
  {
    name: "pgqueuer.entrypoint.workers",
    kind: "gauge",
    unit: "{worker}",
    help: "Workers that have not stopped and have a handler for the entrypoint.",
    labels: ["entrypoint"],
    fold: "drop",
    points: whenRead(({ limits }, names) => {
      const known = new Map(limits.map(({ entrypoint, workers }) => [entrypoint, workers]))
      return names.map((entrypoint) => point({ entrypoint }, known.get(entrypoint) ?? 0))
    }),
  },
  {
    name: "pgqueuer.workers",
    kind: "gauge",
    unit: "{worker}",
    help: "Workers that have not stopped. silent: no heartbeat for two thirds of the timeout, soon to be declared dead.",
    labels: ["state"],
    fold: "drop",
    points: whenRead(({ workers }) => {
      const silent = workers.filter((worker) => worker.silent).length
      return [point({ state: "running" }, workers.length - silent), point({ state: "silent" }, silent)]
    }),
  },
  {
    name: "pgqueuer.worker.info",
    kind: "gauge",
    unit: "{worker}",
    help: "Always 1: where a worker runs, and which version of pgqueuer.",
    labels: ["worker", "host", "pid", "version"],
    fold: "drop",
    points: whenRead(({ workers }) =>
      workers.map(({ id, host, pid, version }) => point({ worker: id, host, pid: `${pid}`, version }, 1)),
    ),
  },
  {
    name: "pgqueuer.worker.heartbeat.age",
    kind: "gauge",
    unit: "s",
    help: "How long ago a worker gave its last sign of life, by the clock of the database.",
    labels: ["worker"],
    fold: "drop",
    points: whenRead(({ workers }) => workers.map(({ id, silentMs }) => point({ worker: id }, silentMs / 1_000))),
  },
  {
    name: "pgqueuer.worker.held",
    kind: "gauge",
    unit: "{job}",
    help: "Jobs that a worker holds: those that run, and those that wait for a slot in it.",
    labels: ["worker"],
    fold: "drop",
    points: whenRead(({ workers }) => workers.map(({ id, held }) => point({ worker: id }, held))),
  },
  {
    name: "pgqueuer.worker.running",
    kind: "gauge",
    unit: "{job}",
    help: "Jobs that a worker's handlers work on, as it said with its last heartbeat; so are all of the following.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => vitals.running),
  },
  {
    name: "pgqueuer.worker.event_loop.lag",
    kind: "gauge",
    unit: "s",
    help: "How late the timers of a worker came at worst, within the last minute.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => vitals.worstEventLoopLagMs / 1_000),
  },
  {
    name: "pgqueuer.worker.listening",
    kind: "gauge",
    unit: "{worker}",
    help: "1 when notifications reach a worker, 0 when it finds jobs by polling alone.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => (vitals.listen === "listening" ? 1 : 0)),
  },
  {
    name: "pgqueuer.worker.memory",
    kind: "gauge",
    unit: "By",
    help: "Memory of a worker's process that is in use (resident set).",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => vitals.memoryBytes),
  },
  {
    name: "pgqueuer.worker.cpu",
    kind: "counter",
    unit: "s",
    help: "Processor time of a worker's process since its start.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => vitals.cpuMs / 1_000),
  },
  {
    name: "pgqueuer.worker.claimed",
    kind: "counter",
    unit: "{job}",
    help: "Jobs that a worker has claimed since its start.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => vitals.claims.jobs),
  },
  {
    name: "pgqueuer.worker.claim.size",
    kind: "histogram",
    unit: "{job}",
    help: "How many jobs a worker took with one claim.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => inJobs(vitals.claims.sizes)),
  },
  {
    name: "pgqueuer.worker.claim.duration",
    kind: "histogram",
    unit: "s",
    help: "How long exchanges with the database took that claimed jobs.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => inSeconds(vitals.claims.times)),
  },
  {
    name: "pgqueuer.worker.acknowledged",
    kind: "counter",
    unit: "{job}",
    help: "Jobs whose ends, retries or releases a worker has handed in since its start.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => vitals.acknowledgements.jobs),
  },
  {
    name: "pgqueuer.worker.acknowledge.size",
    kind: "histogram",
    unit: "{job}",
    help: "How many jobs a worker handed in with one exchange.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => inJobs(vitals.acknowledgements.sizes)),
  },
  {
    name: "pgqueuer.worker.acknowledge.duration",
    kind: "histogram",
    unit: "s",
    help: "How long exchanges with the database took that handed jobs in. One that also claimed is in both.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => inSeconds(vitals.acknowledgements.times)),
  },
  {
    name: "pgqueuer.worker.lease_losses",
    kind: "counter",
    unit: "{job}",
    help: "Ends of jobs that were not recorded since the start of a worker, because the jobs were others' by then.",
    labels: ["worker"],
    fold: "drop",
    points: ofWorkers((vitals) => vitals.leaseLosses),
  },
  {
    name: "pgqueuer.schedules",
    kind: "gauge",
    unit: "{schedule}",
    help: "Schedules, by whether they are active, paused, or orphaned: no running worker has code for them.",
    labels: ["state"],
    fold: "drop",
    points: whenRead(({ schedules }) => {
      const count = (state: string) => schedules.filter((schedule) => stateOf(schedule) === state).length
      return ["active", "paused", "orphaned"].map((state) => point({ state }, count(state)))
    }),
  },
  {
    name: "pgqueuer.schedule.overdue",
    kind: "gauge",
    unit: "s",
    help: "For how long the next tick of a schedule has been due and nobody has started it; 0 while it is paused.",
    labels: ["schedule"],
    fold: "max",
    points: whenRead(({ schedules }) =>
      schedules.map(({ name, overdueMs }) => point({ schedule: name }, overdueMs / 1_000)),
    ),
  },
  {
    name: "pgqueuer.schedule.waiting_runs",
    kind: "gauge",
    unit: "{run}",
    help: "Runs of a schedule that wait to be started.",
    labels: ["schedule"],
    fold: "sum",
    points: whenRead(({ schedules }) => schedules.map(({ name, waiting }) => point({ schedule: name }, waiting))),
  },
]

const places = ["queued", "deferred", "picked", "failed"] as const
const ends = ["successful", "exception", "failed", "canceled", "deleted"] as const

/** Every entrypoint that is known of, those of which most has ended first. */
export function knownEntrypoints({ totals, depth, limits }: MetricReadings): string[] {
  const busiest = [...totals].sort((a, b) => endCount(b) - endCount(a))
  return [...new Set([...busiest, ...depth.entrypoints, ...limits].map(({ entrypoint }) => entrypoint))]
}

function endCount({ ended }: MetricReadings["totals"][number]): number {
  return ends.reduce((sum, status) => sum + ended[status], 0)
}

/** Also of entrypoints of which no job waits: a series that ends when the queue is empty tells nothing. */
function eachDepth(
  readings: MetricReadings,
  names: readonly string[],
  pointsOf: (
    entrypoint: string,
    depth: MetricReadings["depth"]["entrypoints"][number] | undefined,
  ) => readonly MetricPoint[],
): MetricPoint[] {
  const { entrypoints, others } = readings.depth
  const known = new Map(entrypoints.map((depth) => [depth.entrypoint, depth]))
  return (others > 0 ? [...known.keys()] : names).flatMap((entrypoint) => pointsOf(entrypoint, known.get(entrypoint)))
}

/** Also of entrypoints of which nothing has ended: a counter that begins with its first event hides it from `rate`. */
function eachTotal(
  readings: MetricReadings,
  names: readonly string[],
  pointsOf: (entrypoint: string, total: MetricReadings["totals"][number] | undefined) => readonly MetricPoint[],
): MetricPoint[] {
  const known = new Map(readings.totals.map((total) => [total.entrypoint, total]))
  return names.flatMap((entrypoint) => pointsOf(entrypoint, known.get(entrypoint)))
}

function stateOf({ paused, orphaned }: MetricReadings["schedules"][number]): string {
  return paused ? "paused" : orphaned ? "orphaned" : "active"
}

function inSeconds(times: Histogram): Distribution {
  const { upTo, ...all } = distributionOf(times, shownTimes)
  return { ...all, sum: times.sum / 1_000, upTo: upTo.map(([ms, count]) => [ms / 1_000, count]) }
}

function inJobs(sizes: Histogram): Distribution {
  return distributionOf(sizes, shownSizes)
}

function distributionOf({ count, sum, buckets }: Histogram, shown: readonly ShownBound[]): Distribution {
  let [next, below] = [0, 0]
  const upTo = shown.map(({ bound, bucket }) => {
    while (next < buckets.length && buckets[next]![0] < bucket) below += buckets[next++]![1]
    return [bound, below] as const
  })
  return { count, sum, upTo }
}

/** With the number of the bucket that begins at the bound. */
type ShownBound = ReturnType<typeof shownBound>

function shownBound(bound: number) {
  return { bound, bucket: bucketOf(bound) }
}

const shownTimes = shownBoundsMs.map(shownBound)
const shownSizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000].map(shownBound)

function point(labels: Readonly<Record<string, string>>, value: MetricValue): MetricPoint {
  return { labels, value }
}

function whenRead(
  pointsOf: (readings: MetricReadings, entrypoints: readonly string[]) => Iterable<MetricPoint>,
): MetricDefinition["points"] {
  return ({ readings, entrypoints }) => (readings === undefined ? [] : pointsOf(readings, entrypoints))
}

/** Of workers that have said how they are. */
function ofWorkers(read: (vitals: Vitals) => MetricValue): MetricDefinition["points"] {
  return whenRead(({ workers }) =>
    workers.flatMap(({ id, vitals }) => (vitals === null ? [] : [point({ worker: id }, read(vitals))])),
  )
}

/** 2.5 of 0.0025, 2.5 and 2,500. */
function firstDigits(bound: number): number {
  return Number((bound / 10 ** Math.floor(Math.log10(bound) + 1e-9)).toPrecision(3))
}
