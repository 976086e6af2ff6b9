/** What limits one entrypoint. */
export interface EntrypointLimits {
  readonly entrypoint: string
  readonly concurrencyLimit: LimitSources
  readonly requestsPerSecond: LimitSources
  readonly paused: boolean
  /** Jobs of it that workers hold now. */
  readonly inUse: number
  /** Of a concurrency limit, the slots that workers may fill at this moment. */
  readonly lent: number
  /** Running workers that have a handler for it. */
  readonly workers: number
  /** False: it has no unfinished job, and no worker of the last week had a handler for it. Its name may be mistyped. */
  readonly known: boolean
}

/** Where a limit comes from; null is no limit. */
export interface LimitSources {
  /** What the worker that started last said in code. */
  readonly code: number | null
  /** What was set by hand, which wins over the code; not there when nothing is set. */
  readonly set?: number | null
  readonly effective: number | null
}

/** What to change of an entrypoint; what is left out stays. */
export interface EntrypointChange {
  readonly concurrencyLimit?: SetByHand
  readonly requestsPerSecond?: SetByHand
  readonly paused?: boolean
}

/** A value from now on, null for no limit; or the code's again. */
export type SetByHand = { readonly value: number | null } | "reset"

/** A process that runs jobs, or did. */
export interface WorkerRecord {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** Of pgqueuer. */
  readonly version: string
  readonly entrypoints: readonly string[]
  readonly startedAt: Date
  readonly heartbeatAt: Date
  readonly stoppedAt: Date | null
  /**
   * `running` · `silent`: no heartbeat for two thirds of its timeout, it will be declared dead if none comes · `stopped` by itself ·
   * `lost`: declared dead by the others.
   */
  readonly state: WorkerState
  /** Milliseconds since its last heartbeat, by the database's clock. */
  readonly silentMs: number
  /** How many jobs it holds, by entrypoint. */
  readonly holds: Readonly<Record<string, number>>
}

export type WorkerState = "running" | "silent" | "stopped" | "lost"

/** What the people who run a queue do with it. */
export interface OperationStore {
  /** Of all entrypoints that have settings, jobs in hand or a running worker; or of one, whatever its name is. */
  listLimits(entrypoint: string | null): Promise<readonly EntrypointLimits[]>
  /** Tells the workers. */
  changeEntrypoint(entrypoint: string, change: EntrypointChange): Promise<void>
  /** Newest first; those that have stopped and hold nothing only when `all`. */
  listWorkers(all: boolean): Promise<readonly WorkerRecord[]>
}
