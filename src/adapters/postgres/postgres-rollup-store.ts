import { emptyHistogram, type Histogram } from "../../domain/histogram.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type {
  Depth,
  DepthRequest,
  EndCounts,
  EntrypointEnds,
  Rollup,
  RollupReading,
  RollupRequest,
  RollupSpan,
  RollupStore,
  SampleKind,
  SamplePoint,
} from "../../ports/rollup-store.js"
import type { Statements } from "./statement.js"

/** Reads numbers by entrypoint and time. */
export class PostgresRollupStore implements RollupStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async readRollups(request: RollupRequest): Promise<RollupReading> {
    const { entrypoint, entrypoints = null, span, lastMs, stepMs } = request
    const parameters = [entrypoint, span, lastMs, stepMs, entrypoints]
    const rows = await this.#statements.run<RollupRow>(this.#on, "read_rollups", parameters)
    return {
      first: new Date(rows[0]!.first_ms),
      last: new Date(rows[0]!.last_ms),
      rollups: rows.flatMap((row) => (row.entrypoint === null ? [] : [asRollup(row as FoundRow)])),
    }
  }

  async readDepth(request: DepthRequest): Promise<Depth> {
    const { exactUpTo, exactOfEntrypoint, pages, lines, entrypoints } = request
    const parameters = [exactUpTo, exactOfEntrypoint, pages, lines, entrypoints]
    const rows = await this.#statements.run<DepthRow>(this.#on, "read_depth", parameters)
    const found = rows.map(asDepth)
    const isExact = (row: DepthRow) => row.queued_exact && row.deferred_exact && row.failed_exact && row.all_seen
    const others = rows.length === 0 ? 0 : rows[0]!.entrypoints - rows.length
    return { entrypoints: found, others, exact: rows.every(isExact) }
  }

  async readEnds(span: RollupSpan, lastMs: number): Promise<readonly EntrypointEnds[]> {
    const rows = await this.#statements.run<EndsRow>(this.#on, "read_ends", [span, lastMs])
    return rows.map(({ entrypoint, retried, rescued, ...ended }) => ({ entrypoint, ended, retried, rescued }))
  }

  async listEnded(): Promise<readonly { readonly entrypoint: string; readonly ended: number }[]> {
    return this.#statements.run<Row & { entrypoint: string; ended: number }>(this.#on, "list_ended")
  }

  async readSamples(request: {
    readonly kind: SampleKind
    readonly label: string | null
    readonly lastMs: number
    readonly stepMs: number
  }): Promise<readonly SamplePoint[]> {
    const parameters = [request.kind, request.label, request.lastMs, request.stepMs]
    const rows = await this.#statements.run<SampleRow>(this.#on, "read_samples", parameters)
    return rows.map(({ label, at_ms, value }) => ({ label, at: new Date(at_ms), value }))
  }
}

interface RollupRow extends Row {
  readonly first_ms: number
  readonly last_ms: number
  readonly entrypoint: string | null
  readonly at_ms: number | null
  readonly successful: number
  readonly exception: number
  readonly failed: number
  readonly canceled: number
  readonly deleted: number
  readonly retried: number
  readonly rescued: number
  readonly run_ms: number
  readonly wait_ms: number
  /** JSON: pairs of bucket and count. */
  readonly runs: string | null
  readonly waits: string | null
}

type EndsRow = Row & EndCounts & { readonly entrypoint: string; readonly retried: number; readonly rescued: number }

type FoundRow = RollupRow & { readonly entrypoint: string; readonly at_ms: number }

interface DepthRow extends Row {
  readonly entrypoint: string
  readonly queued: number | null
  readonly deferred: number | null
  readonly picked: number | null
  readonly failed: number | null
  readonly queued_exact: boolean
  readonly deferred_exact: boolean
  readonly failed_exact: boolean
  readonly all_seen: boolean
  readonly oldest_wait_ms: number | null
  readonly entrypoints: number
}

interface SampleRow extends Row {
  readonly label: string
  readonly at_ms: number
  readonly value: number
}

function asRollup(row: FoundRow): Rollup {
  const { successful, exception, failed, canceled, deleted } = row
  return {
    entrypoint: row.entrypoint,
    at: new Date(row.at_ms),
    ended: { successful, exception, failed, canceled, deleted },
    retried: row.retried,
    rescued: row.rescued,
    runs: asHistogram(row.runs, row.run_ms),
    waits: asHistogram(row.waits, row.wait_ms),
  }
}

function asHistogram(json: string | null, sum: number): Histogram {
  if (json === null) return emptyHistogram
  const buckets = JSON.parse(json) as (readonly [number, number])[]
  return { count: buckets.reduce((sum, [, count]) => sum + count, 0), sum, buckets }
}

function asDepth(row: DepthRow) {
  return {
    entrypoint: row.entrypoint,
    queued: { count: row.queued ?? 0, exact: row.queued_exact },
    deferred: { count: row.deferred ?? 0, exact: row.deferred_exact },
    picked: { count: row.picked ?? 0, exact: true },
    failed: { count: row.failed ?? 0, exact: row.failed_exact },
    oldestWaitMs: row.oldest_wait_ms === null ? null : Math.max(0, row.oldest_wait_ms),
  }
}
