import { type Duration, toTimeoutMs } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { anObject, anyValue, type Check, wholeNumber } from "../../domain/options.js"
import { type Logger, logEvent, silentLogger } from "../../ports/logger.js"
import type { MetricReadings } from "../../ports/metric-store.js"
import {
  type Distribution,
  knownEntrypoints,
  type MetricDefinition,
  type MetricPoint,
  type MetricValue,
  type Scraped,
} from "./metric-catalog.js"
import { type OpenLabel, otherName, ShownNames } from "./metric-names.js"

/** Where readings come from: `Queries`, or a `PgQueuer` with its `queries`. */
export type MetricSource = QueueReader | { readonly queries: QueueReader }

export interface QueueReader {
  metrics(options?: { readonly timeout?: Duration }): Promise<MetricReadings>
}

export interface ScrapeOptions {
  /** How long a scrape waits for the database; default `"5s"`. */
  readonly timeout?: Duration
  /**
   * So many entrypoints, and so many schedules, are shown by name, those of which most has ended; the others are summed up as `__other__`.
   * 0 to 10,000; default 200. Each takes about 60 series.
   */
  readonly maxNames?: number
  /** Hears when a scrape fails for the first time, and when it works again; default: nobody. */
  readonly logger?: Logger
}

export const scrapeOptionChecks: Readonly<Record<string, Check>> = {
  timeout: anyValue,
  maxNames: wholeNumber(0, 10_000),
  logger: anObject,
}

/** So many workers are shown by name, the oldest first. */
const mostWorkers = 100

/** Takes scrapes, one at a time: who asks while one is under way gets the same. */
export class Scraper {
  readonly #reader: QueueReader
  readonly #timeoutMs: number
  readonly #logger: Logger
  readonly #failures = new Map<string, number>()
  readonly #entrypoints: ShownNames
  readonly #schedules: ShownNames
  #failing = false
  #underWay: Promise<Scrape> | undefined

  /** @throws PgQueuerError `PGQ_OPTION_INVALID` */
  constructor(where: string, source: MetricSource, { timeout = "5s", maxNames = 200, logger }: ScrapeOptions) {
    this.#reader = readerOf(where, source)
    this.#timeoutMs = toTimeoutMs(timeout)
    this.#logger = logger ?? silentLogger
    this.#entrypoints = new ShownNames(maxNames)
    this.#schedules = new ShownNames(maxNames)
  }

  /**
   * Never rejects: that the database did not answer is what the scrape then says.
   *
   * @param mostMs - wait no longer than this, if that is less than the timeout
   */
  scrape(mostMs = Number.POSITIVE_INFINITY): Promise<Scrape> {
    this.#underWay ??= this.#take(Math.min(mostMs, this.#timeoutMs)).finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  async #take(timeoutMs: number): Promise<Scrape> {
    const readings = await this.#read(timeoutMs)
    const entrypoints = readings === undefined ? [] : knownEntrypoints(readings)
    const workers = new ShownNames(mostWorkers)
    const shown = { entrypoint: this.#entrypoints, schedule: this.#schedules, worker: workers }
    const hidden = {
      entrypoint: this.#entrypoints.admit(entrypoints),
      schedule: this.#schedules.admit((readings?.schedules ?? []).map(({ name }) => name)),
      worker: workers.admit((readings?.workers ?? []).map(({ id }) => id)),
    }
    return new Scrape({ readings, entrypoints, failures: new Map(this.#failures), hidden }, shown)
  }

  async #read(timeoutMs: number): Promise<MetricReadings | undefined> {
    try {
      const readings = await this.#reader.metrics({ timeout: timeoutMs })
      if (this.#failing) logEvent(this.#logger, "metrics.restored", "the database answers scrapes again")
      this.#failing = false
      return readings
    } catch (error) {
      const { code, remedy } = error instanceof PgQueuerError ? error : { code: "unknown", remedy: undefined }
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1)
      const fields = { error, ...(remedy === undefined ? {} : { remedy }) }
      if (!this.#failing) logEvent(this.#logger, "metrics.failed", "the database did not answer a scrape", fields)
      this.#failing = true
      return undefined
    }
  }
}

/** What is known of a queue at one moment. */
export class Scrape {
  readonly #scraped: Scraped
  readonly #shown: Readonly<Record<OpenLabel, ShownNames>>

  constructor(scraped: Scraped, shown: Readonly<Record<OpenLabel, ShownNames>>) {
    this.#scraped = scraped
    this.#shown = shown
  }

  get up(): boolean {
    return this.#scraped.readings !== undefined
  }

  /** The points of a metric, with names that are not shown folded into one. */
  pointsOf({ labels, fold, points }: MetricDefinition): MetricPoint[] {
    const label = openLabels.find((candidate) => labels.includes(candidate))
    const all = [...points(this.#scraped)]
    if (label === undefined) return all
    const shown = this.#shown[label]
    const others = new Map<string, MetricPoint>()
    const named = all.filter((point) => {
      if (shown.has(point.labels[label]!)) return true
      if (fold !== "drop") addTo(others, { ...point, labels: { ...point.labels, [label]: otherName } }, fold)
      return false
    })
    return [...named, ...others.values()]
  }
}

const openLabels: readonly OpenLabel[] = ["entrypoint", "schedule", "worker"]

function addTo(points: Map<string, MetricPoint>, point: MetricPoint, fold: "sum" | "max"): void {
  const key = JSON.stringify(point.labels)
  const before = points.get(key)
  points.set(key, before === undefined ? point : { ...point, value: folded(before.value, point.value, fold) })
}

function folded(a: MetricValue, b: MetricValue, fold: "sum" | "max"): MetricValue {
  if (typeof a === "number" && typeof b === "number") return fold === "sum" ? a + b : Math.max(a, b)
  const [one, other] = [a as Distribution, b as Distribution]
  return {
    count: one.count + other.count,
    sum: one.sum + other.sum,
    upTo: one.upTo.map(([bound, count], index) => [bound, count + other.upTo[index]![1]]),
  }
}

function readerOf(where: string, source: MetricSource): QueueReader {
  for (const candidate of [source, Object(source).queries]) {
    if (typeof Object(candidate).metrics === "function") return candidate as QueueReader
  }
  throw new PgQueuerError("PGQ_OPTION_INVALID", `${where} needs Queries or a PgQueuer`, {
    remedy: `Write ${where}(new Queries(driver)), or ${where}(pgq).`,
  })
}
