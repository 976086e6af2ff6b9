import type { Status } from "../domain/status.js"
import type { Vitals } from "./vitals.js"

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
   * `running` · `draining`: asked to take nothing more and to end · `silent`: no heartbeat for two thirds of its timeout, it will be declared dead if none comes · `stopped` by itself ·
   * `lost`: declared dead by the others.
   */
  readonly state: WorkerState
  /** Milliseconds since its last heartbeat, by the database's clock. */
  readonly silentMs: number
  /** How many jobs it holds, by entrypoint. */
  readonly holds: Readonly<Record<string, number>>
  /** How it was at its last heartbeat; null before its first one, and of a worker of an older version. */
  readonly vitals: Vitals | null
}

export type WorkerState = "running" | "draining" | "silent" | "stopped" | "lost"

/** All that decides whether a job runs. Times are milliseconds from now. */
export interface JobFacts {
  readonly entrypoint: string
  /** Null while it moves between two places. */
  readonly status: Status | null
  readonly attempt: number
  readonly error: string | null
  readonly finishedAt: Date | null
  readonly dueInMs: number | null
  readonly expiresInMs: number | null
  readonly rescues: number
  /** Jobs of its entrypoint in line before it, up to the number that was asked for; and those among them of higher priority. */
  readonly ahead: number
  readonly higher: number
  readonly paused: boolean
  readonly concurrencyLimit: number | null
  readonly requestsPerSecond: number | null
  /** When the next start under the rate is free; null where it is free now. */
  readonly nextStartInMs: number | null
  readonly claim: HoldingClaim | null
  /** Those that have not stopped and have a handler for it. */
  readonly workers: readonly CapableWorker[]
  /** The last of those that had one. */
  readonly pastWorkers: readonly PastWorker[]
  /** Who holds jobs of its entrypoint. */
  readonly holders: readonly { readonly worker: string; readonly holds: number }[]
}

interface NamedWorker {
  readonly worker: string
  readonly host: string | null
  readonly pid: number | null
}

export interface HoldingClaim extends NamedWorker {
  readonly sinceMs: number
  readonly silentMs: number | null
  readonly timeoutMs: number | null
  /** Its worker has stopped, or is gone. */
  readonly ended: boolean
  /** It was asked to stop. */
  readonly stopping: boolean
}

export interface CapableWorker extends NamedWorker {
  readonly silentMs: number
  readonly timeoutMs: number
  readonly holds: number
}

export interface PastWorker extends NamedWorker {
  readonly stoppedAt: string
  readonly lost: boolean
}

/** What the people who run a queue do with it. */
export interface OperationStore {
  /** Of all entrypoints that have settings, jobs in hand or a running worker; or of one, whatever its name is. */
  listLimits(entrypoint: string | null): Promise<readonly EntrypointLimits[]>
  /** Tells the workers. */
  changeEntrypoint(entrypoint: string, change: EntrypointChange): Promise<void>
  /** Newest first; those that have stopped and hold nothing only when `all`. */
  listWorkers(all: boolean): Promise<readonly WorkerRecord[]>
  /** Asks those that have not stopped to end, and tells them. */
  drainWorkers(
    ids: readonly string[],
  ): Promise<readonly { readonly id: string; readonly asked: boolean; readonly known: boolean }[]>
  /** Undefined when no job has this id. */
  findFacts(id: string, aheadAtMost: number): Promise<JobFacts | undefined>
}
