import { type Duration, toTimeoutMs } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { anyValue, checkOptions } from "../../domain/options.js"
import type { Clock } from "../../ports/clock.js"
import type { MetricReadings, MetricStore } from "../../ports/metric-store.js"
import type { RollupStore } from "../../ports/rollup-store.js"
import { readWholeDepth } from "../rollups/depth.js"
import { refuseSchema } from "../schema-check.js"

export interface MetricsOptions {
  /** How long to wait for the database; default `"5s"`, half of the time that Prometheus gives a scrape. */
  readonly timeout?: Duration
}

/** What a reading is made of, in one snapshot. */
interface MetricStores {
  readonly metrics: MetricStore
  readonly rollups: RollupStore
}

export interface MetricReaderParts {
  readonly clock: Clock
  readonly codeVersion: number
  /** Its stores give up when the signal fires. */
  inSnapshot<T>(timeoutMs: number, signal: AbortSignal, work: (stores: MetricStores) => Promise<T>): Promise<T>
}

/** Reads what metrics show. At most one reading is under way; who comes meanwhile shares it. */
export class MetricReader {
  readonly #parts: MetricReaderParts
  #underWay: Promise<MetricReadings> | undefined

  constructor(parts: MetricReaderParts) {
    this.#parts = parts
  }

  /** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_TIMEOUT`, `PGQ_SCHEMA_…`, and what the server refuses */
  async read(options: MetricsOptions = {}): Promise<MetricReadings> {
    checkOptions("metrics", options, { timeout: anyValue })
    const timeoutMs = toTimeoutMs(options.timeout ?? "5s")
    const late = new AbortController()
    const timer = this.#parts.clock.after(timeoutMs, () => late.abort(noAnswer(timeoutMs)))
    this.#underWay ??= this.#start(timeoutMs, late.signal)
    try {
      return await Promise.race([this.#underWay, rejectionOf(late.signal)])
    } finally {
      timer.cancel()
    }
  }

  async #start(timeoutMs: number, signal: AbortSignal): Promise<MetricReadings> {
    const { clock, codeVersion, inSnapshot } = this.#parts
    const startedAt = clock.monotonic()
    try {
      const readings = await inSnapshot(timeoutMs, signal, (stores) => readAll(stores, codeVersion))
      return { ...readings, tookMs: clock.monotonic() - startedAt }
    } finally {
      this.#underWay = undefined
    }
  }
}

/** A third of what others read: it is asked every few seconds. */
const pagesForEstimate = 100

async function readAll({ metrics, rollups }: MetricStores, codeVersion: number) {
  const schema = await metrics.readSchema()
  refuseSchema(schema, codeVersion)
  return {
    schema,
    codeVersion,
    totals: await metrics.readTotals(),
    depth: await readWholeDepth(rollups, pagesForEstimate),
    limits: await metrics.readLimitUse(),
    workers: await metrics.readWorkers(),
    schedules: await metrics.readSchedules(),
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  })
}

function noAnswer(timeoutMs: number): PgQueuerError {
  return new PgQueuerError("PGQ_TIMEOUT", `The database did not answer within ${timeoutMs} ms`, {
    remedy: "See whether it is reachable and busy: pgq doctor.",
  })
}
