import { type Metric, type OpenMetricsContentType, Registry } from "prom-client"
import { PgQueuerError } from "../../domain/errors.js"
import { type NodeListener, nodeListener } from "../../domain/node-listener.js"
import { type Check, checkOptions } from "../../domain/options.js"
import { metricCatalog } from "./metric-catalog.js"
import { type MetricRegistry, RegisteredMetric } from "./registered-metric.js"
import { type MetricSource, type ScrapeOptions, Scraper, scrapeOptionChecks } from "./scraper.js"

export type { MetricRegistry } from "./registered-metric.js"
export type { MetricSource, QueueReader, ScrapeOptions } from "./scraper.js"

export interface PrometheusMetricsOptions extends ScrapeOptions {
  /**
   * Registries of prom-client that get our metrics beside those of the application, such as `[register]`; the handlers then answer with all of
   * them, in the format that they are set to. Default: one of our own, in the format that is asked for.
   */
  readonly registers?: readonly MetricRegistry[]
}

/** The metrics of a queue, to be scraped. */
export interface PrometheusMetrics extends Disposable {
  /** Answers with the metrics, whatever the path; to be mounted wherever `fetch` handlers are. */
  readonly fetch: (request: Request) => Promise<Response>
  /** The same as a listener of Node's HTTP server, for Express and the like. */
  readonly node: NodeListener
  /** The metrics as text, in the format of Prometheus. */
  text(): Promise<string>
  /** Takes our metrics out of the registries. */
  [Symbol.dispose](): void
}

/**
 * The metrics of a queue for Prometheus, read from the database whenever they are asked for; once for all who ask at the same time. What
 * `Queries` and workers give is the same: the numbers are of the whole queue.
 *
 * When the database does not answer in time, the scrape says so: `pgqueuer_up` is 0, with status 200, so that other metrics of the same
 * process are not lost.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`, also when the registries have our metrics already
 */
export function prometheusMetrics(source: MetricSource, options: PrometheusMetricsOptions = {}): PrometheusMetrics {
  checkOptions("prometheusMetrics", options, { ...scrapeOptionChecks, registers: someRegistries })
  const scraper = new Scraper("prometheusMetrics", source, options)
  const given = options.registers ?? []
  const { choose, remove } = given.length > 0 ? registerWith(given, scraper) : ownRegistries(scraper)
  const fetch = async (request: Request): Promise<Response> => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("GET or HEAD\n", { status: 405, headers: { allow: "GET, HEAD" } })
    }
    const registry = choose(request.headers.get("accept"))
    void scraper.scrape(patienceOf(request))
    const text = await registry.metrics()
    return new Response(text, { headers: { "content-type": registry.contentType, "cache-control": "no-store" } })
  }
  return {
    fetch,
    node: nodeListener(fetch),
    text: () => choose(null).metrics(),
    [Symbol.dispose]: remove,
  }
}

/** What answers a request that accepts these formats. */
interface Registered {
  choose(accept: string | null): MetricRegistry
  remove(): void
}

function ownRegistries(scraper: Scraper): Registered {
  const plain = new Registry()
  const open = new Registry<OpenMetricsContentType>()
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  for (const registry of [plain, open]) addMetrics([registry], scraper)
  return { choose: (accept) => (prefersOpenMetrics(accept) ? open : plain), remove() {} }
}

function registerWith(registries: readonly MetricRegistry[], scraper: Scraper): Registered {
  const names = addMetrics(registries, scraper)
  return {
    // Merged anew each time: the application may have added metrics.
    choose: () => (registries.length === 1 ? registries[0]! : Registry.merge([...registries] as Registry[])),
    remove() {
      for (const registry of registries) for (const name of names) registry.removeSingleMetric(name)
    },
  }
}

/** Answers with the names of the metrics. */
function addMetrics(registries: readonly MetricRegistry[], scraper: Scraper): string[] {
  const metrics = metricCatalog.map((definition) => new RegisteredMetric(definition, scraper, registries[0]!))
  const names = metrics.map(({ name }) => name)
  const taken = names.find((name) => registries.some((registry) => registry.getSingleMetric(name) !== undefined))
  if (taken !== undefined) throw registeredTwice(taken)
  for (const registry of registries) {
    for (const metric of metrics) registry.registerMetric(metric as unknown as Metric)
  }
  return names
}

/** Prometheus says how long it waits; what it has given up nobody reads. */
function patienceOf(request: Request): number {
  const seconds = Number(request.headers.get("x-prometheus-scrape-timeout-seconds") ?? Number.NaN)
  return seconds > 0 ? Math.max(10, seconds * 1_000 - onTheWayMs) : Number.POSITIVE_INFINITY
}

const onTheWayMs = 500

/** As Prometheus asks for it: whichever of the two formats has the greater weight. */
function prefersOpenMetrics(accept: string | null): boolean {
  const weights = { "application/openmetrics-text": 0, "text/plain": 0 }
  for (const range of (accept ?? "").split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase())
    const weight = Number(/^q=(.+)$/.exec(parameters.find((parameter) => parameter.startsWith("q=")) ?? "")?.[1] ?? 1)
    if (type in weights) weights[type as keyof typeof weights] ||= weight
  }
  return weights["application/openmetrics-text"] > weights["text/plain"]
}

const someRegistries: Check = (value) => {
  const isOne = (candidate: unknown) => typeof Object(candidate).registerMetric === "function"
  if (!Array.isArray(value) || !value.every(isOne)) return "must be an array of registries of prom-client"
  const formats = new Set((value as MetricRegistry[]).map(({ contentType }) => contentType))
  return formats.size > 1 ? "must be registries of one format, text or OpenMetrics" : undefined
}

function registeredTwice(name: string): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", `prometheusMetrics: a registry has ${name} already`, {
    remedy: "Make the metrics of a queue once, or give each a registry of its own.",
  })
}
