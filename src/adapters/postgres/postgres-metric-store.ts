import type { Histogram } from "../../domain/histogram.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type { MetricStore, Total } from "../../ports/metric-store.js"
import type { SchemaState } from "../../ports/schema-store.js"
import type { Statements } from "./statement.js"
import { readVitals } from "./vitals-column.js"

/** Reads what metrics show beside rollups and depth. */
export class PostgresMetricStore implements MetricStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async readSchema() {
    const [row] = await this.#statements.run<SchemaState & Row>(this.#on, "read_version")
    return row!
  }

  async readTotals() {
    const totals = new Map<string, SumOfRows>()
    for (const row of await this.#statements.run<TotalRow>(this.#on, "read_totals")) {
      const known = totals.get(row.entrypoint)
      if (known === undefined) totals.set(row.entrypoint, new SumOfRows(row))
      else known.add(row)
    }
    return [...totals.values()].map((sum) => sum.total)
  }

  async readLimitUse() {
    const rows = await this.#statements.run<LimitRow>(this.#on, "read_limit_use")
    return rows.map(({ entrypoint, concurrency_limit, requests_per_second, paused, held, workers }) => {
      return {
        entrypoint,
        concurrencyLimit: concurrency_limit,
        requestsPerSecond: requests_per_second,
        paused,
        held,
        workers,
      }
    })
  }

  async readWorkers() {
    const rows = await this.#statements.run<WorkerRow>(this.#on, "read_workers")
    return rows.map(({ id, host, pid, version, silent_ms, heartbeat_timeout_ms, held, vitals }) => ({
      ...{ id, host, pid, version, held },
      silentMs: silent_ms,
      silent: silent_ms > (heartbeat_timeout_ms * 2) / 3,
      vitals: readVitals(vitals),
    }))
  }

  async readSchedules() {
    const rows = await this.#statements.run<ScheduleRow>(this.#on, "read_overdue")
    return rows.map(({ name, paused, orphaned, overdue_ms, waiting }) => {
      return { name, paused, orphaned, overdueMs: overdue_ms, waiting }
    })
  }
}

/** Null is 0, and no bucket. */
interface TotalRow extends Row {
  readonly entrypoint: string
  readonly successful: number | null
  readonly exception: number | null
  readonly failed: number | null
  readonly canceled: number | null
  readonly deleted: number | null
  readonly retried: number | null
  readonly rescued: number | null
  readonly run_ms: number | null
  readonly run_buckets: string | null
  readonly run_counts: string | null
  readonly wait_ms: number | null
  readonly wait_buckets: string | null
  readonly wait_counts: string | null
}

const counts = ["successful", "exception", "failed", "canceled", "deleted", "retried", "rescued"] as const

/** The rows of one entrypoint, added up. */
class SumOfRows {
  readonly #entrypoint: string
  readonly #counts = { successful: 0, exception: 0, failed: 0, canceled: 0, deleted: 0, retried: 0, rescued: 0 }
  readonly #runs = new HistogramSum()
  readonly #waits = new HistogramSum()

  constructor(first: TotalRow) {
    this.#entrypoint = first.entrypoint
    this.add(first)
  }

  add(row: TotalRow): void {
    for (const name of counts) this.#counts[name] += row[name] ?? 0
    this.#runs.add(row.run_ms, row.run_buckets, row.run_counts)
    this.#waits.add(row.wait_ms, row.wait_buckets, row.wait_counts)
  }

  get total(): Total {
    const { retried, rescued, ...ended } = this.#counts
    const [runs, waits] = [this.#runs.histogram, this.#waits.histogram]
    return { entrypoint: this.#entrypoint, ended, retried, rescued, runs, waits }
  }
}

class HistogramSum {
  #sum = 0
  readonly #counts = new Map<number, number>()

  /** The arrays as PostgreSQL writes them: `{3,4}`. */
  add(sum: number | null, buckets: string | null, counts: string | null): void {
    this.#sum += sum ?? 0
    if (buckets === null || counts === null || buckets === "{}") return
    const own = counts.slice(1, -1).split(",")
    for (const [index, bucket] of buckets.slice(1, -1).split(",").entries()) {
      this.#counts.set(+bucket, (this.#counts.get(+bucket) ?? 0) + +own[index]!)
    }
  }

  get histogram(): Histogram {
    const buckets = [...this.#counts].sort(([a], [b]) => a - b)
    return { count: buckets.reduce((sum, [, count]) => sum + count, 0), sum: this.#sum, buckets }
  }
}

interface LimitRow extends Row {
  readonly entrypoint: string
  readonly concurrency_limit: number | null
  readonly requests_per_second: number | null
  readonly paused: boolean
  readonly held: number
  readonly workers: number
}

interface WorkerRow extends Row {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly silent_ms: number
  readonly heartbeat_timeout_ms: number
  readonly held: number
  /** JSON. */
  readonly vitals: string | null
}

interface ScheduleRow extends Row {
  readonly name: string
  readonly paused: boolean
  readonly orphaned: boolean
  readonly overdue_ms: number
  readonly waiting: number
}
