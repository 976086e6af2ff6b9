import { type OpenMetricsContentType, type PrometheusContentType, Registry } from "prom-client"
import type { MetricDefinition, MetricPoint } from "./metric-catalog.js"
import { prometheusName } from "./prometheus-names.js"
import type { Scraper } from "./scraper.js"

/** A registry of prom-client, of either format. */
export type MetricRegistry = Registry<PrometheusContentType> | Registry<OpenMetricsContentType>

/** A line of a metric as prom-client takes it. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly metricName?: string
}

/**
 * A metric whose values are read when they are asked for. To a registry of prom-client it looks like one of its own; those can't be set to
 * what somebody else has counted, and keep series that are no more.
 */
export class RegisteredMetric {
  readonly help: string
  readonly type: string
  /** The processes of a cluster all say the same. */
  readonly aggregator = "first"
  readonly #definition: MetricDefinition
  readonly #scraper: Scraper
  readonly #registry: MetricRegistry
  readonly #name: string

  /** @param registry - one of those that it is registered with; all are set to the same format */
  constructor(definition: MetricDefinition, scraper: Scraper, registry: MetricRegistry) {
    this.help = definition.help
    this.type = definition.kind
    this.#scraper = scraper
    this.#definition = definition
    this.#registry = registry
    this.#name = prometheusName(definition)
  }

  get name(): string {
    return this.#name
  }

  // A registry cuts `_total` off for OpenMetrics, for good, and would never find the metric again.
  set name(_cut: string) {}

  async get() {
    const scrape = await this.#scraper.scrape()
    const isOpen = this.#registry.contentType === Registry.OPENMETRICS_CONTENT_TYPE
    const name = isOpen ? this.#name.replace(/_total$/, "") : this.#name
    const values = scrape.pointsOf(this.#definition).flatMap((point) => samplesOf(point, name, isOpen))
    return { name, help: this.help, type: this.type, values, aggregator: this.aggregator }
  }

  /** There is nothing here to be set to 0. */
  reset(): void {}
}

function samplesOf({ labels, value }: MetricPoint, name: string, isOpen: boolean): readonly Sample[] {
  if (typeof value === "number") return [{ labels, value }]
  const bucket = (le: string, count: number) => ({
    labels: { ...labels, le },
    value: count,
    metricName: `${name}_bucket`,
  })
  return [
    // OpenMetrics writes all of them as floating-point numbers.
    ...value.upTo.map(([bound, count]) => bucket(isOpen && Number.isInteger(bound) ? `${bound}.0` : `${bound}`, count)),
    bucket("+Inf", value.count),
    { labels, value: value.sum, metricName: `${name}_sum` },
    { labels, value: value.count, metricName: `${name}_count` },
  ]
}
