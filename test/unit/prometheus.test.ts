import fc from "fast-check"
import { Counter, Registry, register } from "prom-client"
import { expect, onTestFinished, test } from "vitest"
import { metricCatalog } from "../../src/adapters/telemetry/metric-catalog.js"
import { type PrometheusMetricsOptions, prometheusMetrics } from "../../src/adapters/telemetry/prometheus.js"
import { prometheusName } from "../../src/adapters/telemetry/prometheus-names.js"
import { ExchangeMeter } from "../../src/app/worker/exchange-meter.js"
import { PgQueuerError } from "../../src/domain/errors.js"
import type { MetricReadings } from "../../src/ports/metric-store.js"
import type { Vitals } from "../../src/ports/vitals.js"
import { recordingLogger } from "../support/logger.js"
import { type Family, parseMetrics } from "../support/metrics-text.js"
import { deferred } from "../support/queue.js"
import { depth, histogram, readings, total } from "../support/readings.js"

const meter = new ExchangeMeter()
meter.record({ claimed: 100, handedIn: 110, lost: 0, ms: 2 })
meter.record({ claimed: 20, handedIn: 0, lost: 4, ms: 3 })

const vitals: Vitals = {
  ...{ running: 2, waiting: 1, eventLoopLagMs: 1, worstEventLoopLagMs: 40, listen: "listening" },
  ...{ memoryBytes: 90_000_000, cpuMs: 1_500, leaseLosses: meter.leaseLosses },
  ...{ claims: meter.claims, acknowledgements: meter.acknowledgements },
}

const busy = readings({
  totals: [
    total("mail", {
      ended: { successful: 7, exception: 1 },
      retried: 3,
      rescued: 2,
      runs: histogram(0.4, 3, 3, 800, 9_000_000),
      waits: histogram(20),
    }),
  ],
  depth: {
    entrypoints: [depth("mail", { queued: 5, deferred: 4, picked: 3, failed: 2 }, 61_500)],
    others: 0,
    exact: true,
  },
  limits: [
    { entrypoint: "mail", concurrencyLimit: 5, requestsPerSecond: 0.5, paused: false, held: 3, workers: 2 },
    { entrypoint: "sync", concurrencyLimit: null, requestsPerSecond: null, paused: true, held: 0, workers: 0 },
  ],
  workers: [
    { id: "1", host: "a", pid: 10, version: "0.1.0", silentMs: 500, silent: false, held: 3, vitals },
    { id: "2", host: "b", pid: 11, version: "0.1.0", silentMs: 25_000, silent: true, held: 0, vitals: null },
  ],
  schedules: [
    { name: "nightly", paused: false, orphaned: false, overdueMs: 2_000, waiting: 1 },
    { name: "weekly", paused: true, orphaned: false, overdueMs: 0, waiting: 0 },
    { name: "gone", paused: false, orphaned: true, overdueMs: 90_000, waiting: 0 },
  ],
})

test("shows every metric with its type, help and values", async () => {
  const found = await scrape(busy)
  expect([...found.keys()]).toEqual(metricCatalog.map(prometheusName))
  for (const definition of metricCatalog) {
    expect(found.get(prometheusName(definition))).toMatchObject({ help: definition.help, type: definition.kind })
  }
  expect(seriesOf(found, "pgqueuer_up")).toEqual(["pgqueuer_up 1"])
  expect(seriesOf(found, "pgqueuer_scrape_duration_seconds")).toEqual(["pgqueuer_scrape_duration_seconds 0.012"])
  expect(seriesOf(found, "pgqueuer_schema_info")).toEqual([
    'pgqueuer_schema_info{version="5",serves="2",code_version="5"} 1',
  ])
  expect(seriesOf(found, "pgqueuer_jobs")).toEqual([
    'pgqueuer_jobs{entrypoint="mail",status="queued"} 5',
    'pgqueuer_jobs{entrypoint="mail",status="deferred"} 4',
    'pgqueuer_jobs{entrypoint="mail",status="picked"} 3',
    'pgqueuer_jobs{entrypoint="mail",status="failed"} 2',
    'pgqueuer_jobs{entrypoint="sync",status="queued"} 0',
    'pgqueuer_jobs{entrypoint="sync",status="deferred"} 0',
    'pgqueuer_jobs{entrypoint="sync",status="picked"} 0',
    'pgqueuer_jobs{entrypoint="sync",status="failed"} 0',
  ])
  expect(seriesOf(found, "pgqueuer_job_oldest_wait_seconds")).toEqual([
    'pgqueuer_job_oldest_wait_seconds{entrypoint="mail"} 61.5',
    'pgqueuer_job_oldest_wait_seconds{entrypoint="sync"} 0',
  ])
  expect(seriesOf(found, "pgqueuer_job_ends_total").slice(0, 2)).toEqual([
    'pgqueuer_job_ends_total{entrypoint="mail",status="successful"} 7',
    'pgqueuer_job_ends_total{entrypoint="mail",status="exception"} 1',
  ])
  expect(seriesOf(found, "pgqueuer_job_retries_total")[0]).toBe('pgqueuer_job_retries_total{entrypoint="mail"} 3')
  expect(seriesOf(found, "pgqueuer_job_rescues_total")[0]).toBe('pgqueuer_job_rescues_total{entrypoint="mail"} 2')
  expect(seriesOf(found, "pgqueuer_entrypoint_concurrency_limit")).toEqual([
    'pgqueuer_entrypoint_concurrency_limit{entrypoint="mail"} 5',
  ])
  expect(seriesOf(found, "pgqueuer_entrypoint_rate_limit_per_second")).toEqual([
    'pgqueuer_entrypoint_rate_limit_per_second{entrypoint="mail"} 0.5',
  ])
  expect(seriesOf(found, "pgqueuer_workers")).toEqual([
    'pgqueuer_workers{state="running"} 1',
    'pgqueuer_workers{state="silent"} 1',
  ])
  expect(seriesOf(found, "pgqueuer_worker_heartbeat_age_seconds")[1]).toBe(
    'pgqueuer_worker_heartbeat_age_seconds{worker="2"} 25',
  )
  expect(seriesOf(found, "pgqueuer_worker_event_loop_lag_seconds")).toEqual([
    'pgqueuer_worker_event_loop_lag_seconds{worker="1"} 0.04',
  ])
  expect(seriesOf(found, "pgqueuer_worker_memory_bytes")).toEqual(['pgqueuer_worker_memory_bytes{worker="1"} 90000000'])
  expect(seriesOf(found, "pgqueuer_worker_cpu_seconds_total")).toEqual([
    'pgqueuer_worker_cpu_seconds_total{worker="1"} 1.5',
  ])
  expect(seriesOf(found, "pgqueuer_worker_claimed_total")).toEqual(['pgqueuer_worker_claimed_total{worker="1"} 120'])
  expect(seriesOf(found, "pgqueuer_worker_claim_duration_seconds").at(-1)).toBe(
    'pgqueuer_worker_claim_duration_seconds_count{worker="1"} 2',
  )
  expect(seriesOf(found, "pgqueuer_worker_claim_size")).toEqual(
    expect.arrayContaining([
      'pgqueuer_worker_claim_size_bucket{worker="1",le="10"} 0',
      'pgqueuer_worker_claim_size_bucket{worker="1",le="20"} 1',
      'pgqueuer_worker_claim_size_bucket{worker="1",le="50"} 1',
      'pgqueuer_worker_claim_size_bucket{worker="1",le="100"} 2',
      'pgqueuer_worker_claim_size_sum{worker="1"} 120',
    ]),
  )
  expect(seriesOf(found, "pgqueuer_worker_acknowledge_size").at(-1)).toBe(
    'pgqueuer_worker_acknowledge_size_count{worker="1"} 1',
  )
  expect(seriesOf(found, "pgqueuer_worker_lease_losses_total")).toEqual([
    'pgqueuer_worker_lease_losses_total{worker="1"} 4',
  ])
  expect(seriesOf(found, "pgqueuer_schedules")).toEqual([
    'pgqueuer_schedules{state="active"} 1',
    'pgqueuer_schedules{state="paused"} 1',
    'pgqueuer_schedules{state="orphaned"} 1',
  ])
  expect(seriesOf(found, "pgqueuer_schedule_overdue_seconds")[2]).toBe(
    'pgqueuer_schedule_overdue_seconds{schedule="gone"} 90',
  )
})

test("shows histograms in seconds, with bounds of 1, 2.5 and 5 of each power of ten", async () => {
  const lines = seriesOf(await scrape(busy), "pgqueuer_job_run_duration_seconds")
  const bucket = (le: string) =>
    lines
      .find((line) => line.includes(`le="${le}"`))
      ?.split(" ")
      .at(-1)
  expect(lines.flatMap((line) => /le="(.*?)"/.exec(line)?.[1] ?? [])).toEqual([
    ...["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5"],
    ...["1", "2.5", "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "+Inf"],
  ])
  expect(["0.001", "0.0025", "0.005", "0.5", "1", "5000", "+Inf"].map(bucket)).toEqual([
    "1",
    "1",
    "3",
    "3",
    "4",
    "4",
    "5",
  ])
  expect(lines).toContain('pgqueuer_job_run_duration_seconds_sum{entrypoint="mail"} 9000.8064')
  expect(lines).toContain('pgqueuer_job_run_duration_seconds_count{entrypoint="mail"} 5')
})

test.each([
  ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", "openmetrics"],
  ["text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.1", "text"],
  ["*/*", "text"],
  [undefined, "text"],
] as const)("answers who accepts %s in the format %s", async (accept, format) => {
  const metrics = prometheusMetrics(sourceOf(busy))
  const response = await metrics.fetch(request(accept === undefined ? {} : { accept }))
  const text = await response.text()
  const type =
    format === "text"
      ? "text/plain; version=0.0.4; charset=utf-8"
      : "application/openmetrics-text; version=1.0.0; charset=utf-8"
  expect(response.headers.get("content-type")).toBe(type)
  const found = parseMetrics(text, format)
  expect(found.has(format === "text" ? "pgqueuer_job_ends_total" : "pgqueuer_job_ends")).toBe(true)
  expect(text).toContain('pgqueuer_job_ends_total{entrypoint="mail",status="successful"} 7\n')
  expect(text).toContain(format === "text" ? 'le="1"}' : 'le="1.0"}')
  expect(parseMetrics(await metrics.text()).has("pgqueuer_job_ends_total")).toBe(true)
})

test("escapes whatever a name holds, so that it comes back as it was", async () => {
  const name = fc
    .string({ unit: "binary", minLength: 1, maxLength: 30 })
    .filter((text) => !text.includes("\0") && text.isWellFormed())
  const hostile = ['"', "\\", "\n", '",evil="1', "\\n", "\r", "日本語", "a{b}=c # HELP x", "__proto__", "\u2028", "é"]
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(name, fc.constantFrom(...hostile)),
      fc.constantFrom("text", "openmetrics"),
      async (entrypoint, format) => {
        const metrics = prometheusMetrics(sourceOf(readings({ totals: [total(entrypoint, { ended: { failed: 1 } })] })))
        const accept = format === "text" ? "text/plain" : "application/openmetrics-text"
        const text = await (await metrics.fetch(request({ accept }))).text()
        const ends = parseMetrics(text, format).get(format === "text" ? "pgqueuer_job_ends_total" : "pgqueuer_job_ends")
        expect(new Set(ends!.samples.map(({ labels }) => labels["entrypoint"]))).toEqual(new Set([entrypoint]))
      },
    ),
  )
})

test("shows at most so many entrypoints by name, sums up the others, and says how many they are", async () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `e${index}`)
  const many = readings({
    totals: names.map((name, index) => total(name, { ended: { successful: index }, runs: histogram(index) })),
    depth: {
      entrypoints: names.map((name, index) => depth(name, { queued: 1 }, index * 1_000)),
      others: 0,
      exact: true,
    },
    limits: names.map((entrypoint) => ({
      entrypoint,
      concurrencyLimit: 1,
      requestsPerSecond: null,
      paused: true,
      held: 1,
      workers: 1,
    })),
  })
  const found = await scrape(many)
  const ofOthers = (name: string) => seriesOf(found, name).filter((line) => line.includes("__other__"))
  expect(seriesOf(found, "pgqueuer_hidden_names")).toContain('pgqueuer_hidden_names{label="entrypoint"} 9800')
  expect(seriesOf(found, "pgqueuer_job_ends_total")).toHaveLength(201 * 5)
  expect(seriesOf(found, "pgqueuer_job_ends_total")[0]).toContain('entrypoint="e9999",status="successful"} 9999')
  expect(ofOthers("pgqueuer_job_ends_total")[0]).toContain(`status="successful"} ${(9_799 * 9_800) / 2}`)
  expect(ofOthers("pgqueuer_jobs")[0]).toContain('status="queued"} 9800')
  expect(ofOthers("pgqueuer_job_oldest_wait_seconds")).toEqual([
    'pgqueuer_job_oldest_wait_seconds{entrypoint="__other__"} 9799',
  ])
  expect(ofOthers("pgqueuer_job_run_duration_seconds").at(-1)).toContain('_count{entrypoint="__other__"} 9800')
  expect(ofOthers("pgqueuer_entrypoint_concurrency_limit")).toEqual([])
  expect([...found.values()].flatMap(({ samples }) => samples).length).toBeLessThan(201 * 65)
  const none = await scrape(many, { maxNames: 0 })
  expect(seriesOf(none, "pgqueuer_job_retries_total")).toEqual(['pgqueuer_job_retries_total{entrypoint="__other__"} 0'])
})

test("keeps names that it has shown, so that no counter falls when others become busier", async () => {
  let current = readings({
    totals: [total("a", { ended: { successful: 5 } }), total("b", { ended: { successful: 1 } })],
  })
  const metrics = prometheusMetrics({ metrics: async () => current }, { maxNames: 1 })
  const named = async () =>
    seriesOf(parseMetrics(await metrics.text()), "pgqueuer_job_ends_total").filter((line) =>
      line.includes("successful"),
    )
  expect(await named()).toEqual([
    'pgqueuer_job_ends_total{entrypoint="a",status="successful"} 5',
    'pgqueuer_job_ends_total{entrypoint="__other__",status="successful"} 1',
  ])
  current = readings({ totals: [total("a", { ended: { successful: 5 } }), total("b", { ended: { successful: 90 } })] })
  expect(await named()).toEqual([
    'pgqueuer_job_ends_total{entrypoint="a",status="successful"} 5',
    'pgqueuer_job_ends_total{entrypoint="__other__",status="successful"} 90',
  ])
})

test("leaves zeros away where more entrypoints have jobs than were read", async () => {
  const found = await scrape(
    readings({
      totals: [total("a"), total("b")],
      depth: { entrypoints: [depth("a", { queued: 1 })], others: 1, exact: true },
    }),
  )
  expect(seriesOf(found, "pgqueuer_jobs").map((line) => /entrypoint="(.)"/.exec(line)![1])).toEqual([
    "a",
    "a",
    "a",
    "a",
  ])
  expect(seriesOf(found, "pgqueuer_jobs_exact")).toEqual(["pgqueuer_jobs_exact 0"])
})

test("says that the database is away, with what it knows, and logs it once", async () => {
  const log = recordingLogger()
  let isAway = true
  const away = new PgQueuerError("PGQ_CONNECTION_FAILED", "no connection", { remedy: "" })
  const source = { metrics: async () => (isAway ? Promise.reject(away) : busy) }
  const metrics = prometheusMetrics(source, { logger: log })
  await metrics.text()
  const response = await metrics.fetch(request())
  expect(response.status).toBe(200)
  const found = parseMetrics(await response.text())
  const samples = [...found.values()].flatMap((family) => seriesOf(found, family.name))
  expect(samples).toEqual(["pgqueuer_up 0", 'pgqueuer_scrape_errors_total{code="PGQ_CONNECTION_FAILED"} 2'])
  isAway = false
  expect(seriesOf(parseMetrics(await metrics.text()), "pgqueuer_up")).toEqual(["pgqueuer_up 1"])
  expect(log.lines.map(({ level, fields }) => `${level} ${fields["event"]}`)).toEqual([
    "warn metrics.failed",
    "info metrics.restored",
  ])
})

test("reads once for all who ask at the same time, and anew for who comes later", async () => {
  let count = 0
  const answer = deferred<MetricReadings>()
  const metrics = prometheusMetrics({
    metrics: () => {
      count++
      return answer.promise
    },
  })
  const texts = Promise.all([
    metrics.text(),
    metrics.text(),
    metrics.fetch(request()).then((response) => response.text()),
  ])
  answer.resolve(busy)
  expect(new Set(await texts).size).toBe(1)
  expect(count).toBe(1)
  await metrics.text()
  expect(count).toBe(2)
})

test.each([
  ["10", 9_500],
  ["3", 2_500],
  ["0.1", 10],
  ["nonsense", 9_700],
])("waits for the database no longer than a Prometheus that gives it %s s", async (seconds, expected) => {
  let timeout: unknown
  const metrics = prometheusMetrics(
    {
      metrics: async (options) => {
        timeout = options?.timeout
        return busy
      },
    },
    { timeout: "9.7s" },
  )
  await metrics.fetch(request({ "x-prometheus-scrape-timeout-seconds": seconds }))
  expect(timeout).toBe(expected)
})

test("comes out of the application's own registry beside its metrics, and can be taken out again", async () => {
  onTestFinished(() => register.clear())
  new Counter({ name: "shop_orders_total", help: "Orders." }).inc(3)
  const metrics = prometheusMetrics({ queries: sourceOf(busy) }, { registers: [register] })
  for (const text of [await register.metrics(), await (await metrics.fetch(request())).text()]) {
    const found = parseMetrics(text)
    expect(seriesOf(found, "shop_orders_total")).toEqual(["shop_orders_total 3"])
    expect(seriesOf(found, "pgqueuer_up")).toEqual(["pgqueuer_up 1"])
  }
  const json = await register.getMetricsAsJSON()
  expect(json.find(({ name }) => name === "pgqueuer_workers")?.values).toHaveLength(2)
  expect(() => prometheusMetrics(sourceOf(busy), { registers: [register] })).toThrow("has pgqueuer_up already")
  register.resetMetrics()
  metrics[Symbol.dispose]()
  expect(await register.metrics()).not.toContain("pgqueuer")
})

test("comes out of several registries of OpenMetrics as one, with their labels", async () => {
  const [own, other] = [new Registry(), new Registry()]
  for (const registry of [own, other]) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
  new Counter({ name: "shop_orders_total", help: "Orders.", registers: [other] }).inc(3)
  const metrics = prometheusMetrics(sourceOf(busy), { registers: [own, other] })
  for (let round = 0; round < 2; round++) {
    const response = await metrics.fetch(request({ accept: "text/plain" }))
    const found = parseMetrics(await response.text(), "openmetrics")
    expect([...found.keys()]).toEqual(expect.arrayContaining(["shop_orders", "pgqueuer_job_ends", "pgqueuer_up"]))
  }
})

test("answers GET and HEAD only", async () => {
  const { fetch } = prometheusMetrics(sourceOf(busy))
  const response = await fetch(new Request("http://localhost/metrics", { method: "POST" }))
  expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"])
})

test.each([
  [{ maxNames: -1 }, "maxNames must be a whole number"],
  [{ maxNmaes: 1 }, "did you mean maxNames?"],
  [{ timeout: "soon" }, "timeout is not a duration"],
  [{ registers: register }, "must be an array of registries"],
] as const)("refuses %j", (options, message) => {
  expect(() => prometheusMetrics(sourceOf(busy), options as PrometheusMetricsOptions)).toThrow(message)
})

test("refuses what is neither Queries nor a worker", () => {
  expect(() => prometheusMetrics({} as never)).toThrow("prometheusMetrics needs Queries or a PgQueuer")
})

function sourceOf(given: MetricReadings) {
  return { metrics: async () => given }
}

async function scrape(given: MetricReadings, options?: PrometheusMetricsOptions): Promise<Map<string, Family>> {
  return parseMetrics(await prometheusMetrics(sourceOf(given), options).text())
}

function request(headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/metrics", { headers })
}

/** The samples of a metric as lines. */
function seriesOf(found: Map<string, Family>, name: string): string[] {
  return found.get(name)!.samples.map(({ name, labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
    return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`
  })
}
