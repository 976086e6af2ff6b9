import type { Histogram } from "../domain/histogram.js"

/** How long the rows that are read reach: the finer, the sooner they go. */
export type RollupSpan = "minute" | "hour" | "day" | "ever"

export interface RollupRequest {
  /** One entrypoint, `""` for all together, null for each by itself. */
  readonly entrypoint: string | null
  /** Where `entrypoint` is null: only these. */
  readonly entrypoints?: readonly string[]
  readonly span: RollupSpan
  /** Back from now; null for since ever. */
  readonly lastMs: number | null
  /** Null for a single step. */
  readonly stepMs: number | null
}

/** How many jobs ended how. `failed`: held for a decision. */
export interface EndCounts {
  readonly successful: number
  readonly exception: number
  readonly failed: number
  readonly canceled: number
  readonly deleted: number
}

/** How jobs of an entrypoint ended. */
export interface EntrypointEnds extends Pick<Rollup, "entrypoint" | "ended" | "retried" | "rescued"> {}

/** What happened within a step. */
export interface Rollup {
  readonly entrypoint: string
  readonly at: Date
  readonly ended: EndCounts
  /** Attempts that failed, after which the job is run again. */
  readonly retried: number
  /** Jobs that were taken from dead workers and run again. */
  readonly rescued: number
  /** How long attempts ran. */
  readonly runs: Histogram
  /** From when jobs could start to their first start. */
  readonly waits: Histogram
}

export interface RollupReading {
  /** The beginning of the first and of the last step, by the database's clock. */
  readonly first: Date
  readonly last: Date
  /** Steps in which nothing happened are left out. */
  readonly rollups: readonly Rollup[]
}

export interface DepthRequest {
  /** Counts up to so many jobs of a place, and of an entrypoint where there are more. */
  readonly exactUpTo: number
  readonly exactOfEntrypoint: number
  /** Pages of a table to read for an estimate. */
  readonly pages: number
  readonly lines: number
  readonly entrypoints: number
}

/** A number of jobs; an estimate where it is not exact. */
export interface Count {
  readonly count: number
  readonly exact: boolean
}

export interface EntrypointDepth {
  readonly entrypoint: string
  readonly queued: Count
  readonly deferred: Count
  readonly picked: Count
  /** Held for a decision. */
  readonly failed: Count
  /** For how long the oldest job that may run has waited, in milliseconds; null when none waits. */
  readonly oldestWaitMs: number | null
}

export interface Depth {
  /** Those with most jobs first, 500 at most. */
  readonly entrypoints: readonly EntrypointDepth[]
  /** How many more there are. */
  readonly others: number
  /** Whether every number is exact. */
  readonly exact: boolean
}

export interface Sample {
  readonly kind: SampleKind
  readonly label: string
  readonly value: number
}

/** Jobs by entrypoint, the wait of the oldest one in ms by entrypoint, and by table its bytes with indexes and its dead rows. */
export const sampleKinds = [
  "queued",
  "deferred",
  "picked",
  "failed",
  "oldest-wait",
  "table-bytes",
  "dead-rows",
] as const

export type SampleKind = (typeof sampleKinds)[number]

export interface SamplePoint {
  readonly label: string
  readonly at: Date
  readonly value: number
}

/** Numbers by entrypoint and time. Nothing here counts a history or a whole backlog. */
export interface RollupStore {
  readRollups(request: RollupRequest): Promise<RollupReading>
  readDepth(request: DepthRequest): Promise<Depth>
  /** Of each entrypoint of which something ended. */
  readEnds(span: RollupSpan, lastMs: number): Promise<readonly EntrypointEnds[]>
  /** Every entrypoint of which something ever ended, with how many jobs. */
  listEnded(): Promise<readonly { readonly entrypoint: string; readonly ended: number }[]>
  readSamples(request: {
    readonly kind: SampleKind
    readonly label: string | null
    readonly lastMs: number
    readonly stepMs: number
  }): Promise<readonly SamplePoint[]>
}

/** What the workers do to keep them. */
export interface RollupUpkeepStore extends Pick<RollupStore, "readDepth"> {
  /** Sums up what was written since the last time, if it is this worker's turn, or it has the turn and keeps it. */
  mergeRollups(
    turnMs: number,
    atMost: number,
    keep: boolean,
  ): Promise<{ readonly taken: boolean; readonly entries: number }>
  takeTurn(duty: string, milliseconds: number, keep: boolean): Promise<boolean>
  readTableSizes(): Promise<readonly { readonly table: string; readonly bytes: number; readonly deadRows: number }[]>
  writeSamples(samples: readonly Sample[]): Promise<void>
  pruneRollups(ages: RollupAges, atMost: number): Promise<void>
}

/** How long each resolution is kept, in milliseconds. */
export interface RollupAges {
  readonly minuteMs: number
  readonly hourMs: number
  readonly dayMs: number
}
