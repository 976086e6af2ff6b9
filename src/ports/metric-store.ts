import type { Depth, Rollup } from "./rollup-store.js"
import type { SchemaState } from "./schema-store.js"
import type { Vitals } from "./vitals.js"

/** All that metrics show of a queue, read in one snapshot of the database. */
export interface MetricReadings {
  readonly schema: SchemaState
  /** Of this code. */
  readonly codeVersion: number
  /** What ended since the installation, by entrypoint. */
  readonly totals: readonly Total[]
  readonly depth: Depth
  readonly limits: readonly LimitUse[]
  readonly workers: readonly WorkerReading[]
  readonly schedules: readonly ScheduleReading[]
  /** How long the reading took. */
  readonly tookMs: number
}

/** What happened since the installation. */
export type Total = Omit<Rollup, "at">

/** What limits an entrypoint, and how much of it is used. Null is no limit. */
export interface LimitUse {
  readonly entrypoint: string
  readonly concurrencyLimit: number | null
  readonly requestsPerSecond: number | null
  readonly paused: boolean
  /** Jobs of it that workers hold. */
  readonly held: number
  /** Running workers that have a handler for it. */
  readonly workers: number
}

/** A worker that has not stopped. */
export interface WorkerReading {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** Of pgqueuer. */
  readonly version: string
  /** Milliseconds since its last heartbeat, by the database's clock. */
  readonly silentMs: number
  /** No heartbeat for two thirds of its timeout. */
  readonly silent: boolean
  readonly held: number
  /** How it was at its last heartbeat; null before its first one, and of a worker of an older version. */
  readonly vitals: Vitals | null
}

export interface ScheduleReading {
  readonly name: string
  readonly paused: boolean
  /** No running worker has code for it. */
  readonly orphaned: boolean
  /** For how long its next tick has been due; 0 where it is not, and while it is paused. */
  readonly overdueMs: number
  /** Its runs that wait to be started. */
  readonly waiting: number
}

/** Reads what metrics show beside rollups and depth; nothing here counts a history or a backlog. */
export interface MetricStore {
  /** @throws PgQueuerError `PGQ_SCHEMA_MISSING` */
  readSchema(): Promise<SchemaState>
  readTotals(): Promise<readonly Total[]>
  readLimitUse(): Promise<readonly LimitUse[]>
  readWorkers(): Promise<readonly WorkerReading[]>
  readSchedules(): Promise<readonly ScheduleReading[]>
}
