import type { WakeUp } from "./job-store.js"
import type { LimitStore } from "./limit-store.js"
import type { ScheduleStore } from "./schedule-store.js"
import type { Vitals } from "./vitals.js"

/** A job in a worker's hands. `token` names the claim: without it nothing can be recorded. */
export interface ClaimedJob {
  readonly token: string
  readonly id: string
  readonly entrypoint: string
  /** ~priority: ascending order is highest priority first. */
  readonly rank: number
  readonly seq: number
  readonly attempt: number
  /** JSON text, or null. */
  readonly payload: string | null
  readonly payloadBytes: Uint8Array | null
  readonly headers: string | null
  readonly createdAt: Date | null
  /** Since when it could start, by the clock of this process; null after its first attempt, and when it was taken from a dead worker. */
  readonly readyAt: number | null
  /** What was said of this job alone; null for nearly all of them. */
  readonly settings: JobSettings | null
}

export interface JobSettings {
  readonly maxAttempts: number | null
  readonly timeoutMs: number | null
  /** Its end frees a dedupe key. */
  readonly keyed: boolean
  /** When it was to start at the earliest, in ms since 1970 by the database's clock. */
  readonly dueMs: number | null
  /** It was not to start any more when it was claimed. */
  readonly expired: boolean | null
}

/** What became of a claimed job, and of which. */
export type Report = {
  readonly token: string
  readonly id: string
  readonly entrypoint: string
  /** By the clock of this process. */
  readonly endedAt: number
  /** How long it ran; null when it did not. */
  readonly runMs: number | null
  /** From when it could start to its start, for a first attempt. */
  readonly waitMs?: number | null
  /** Its end frees a dedupe key. */
  readonly keyed?: boolean
} & Outcome

export type Outcome =
  | { readonly status: "queued" | "canceled" }
  /** The result is JSON text. */
  | { readonly status: "successful"; readonly result?: string }
  | { readonly status: "exception" | "failed" | "deleted"; readonly failure: Failure }
  | { readonly status: "deferred"; readonly delayMs: number; readonly failure: Failure }

export interface Failure {
  readonly error: string
  readonly traceback: string | null
}

/** A stretch of ready jobs of one entrypoint, from a place in line to the end of a rank. */
export interface ClaimRange {
  readonly entrypoint: string
  readonly low: number
  readonly mark: number
  readonly high: number
  readonly peek: number
  /** At most so many jobs of its entrypoint, over all ranges of it; null where it is not limited. */
  readonly most: number | null
}

export interface ExchangeRequest {
  readonly workerId: string
  readonly reports: readonly Report[]
  /** By the clock of this process, for the age of the reports. */
  readonly now: number
  readonly ranges: readonly ClaimRange[]
  /** This worker's leases on limited entrypoints among them. */
  readonly leases: readonly string[]
  readonly limit: number
}

export interface ExchangeReply {
  /** False: this worker was declared dead, and nothing was taken. */
  readonly alive: boolean
  readonly jobs: readonly ClaimedJob[]
  /** How many were there to take; fewer were taken when others were at them at the same time. */
  readonly promised: number
  /** Changes when limits or pauses have changed. */
  readonly rules: string | null
  /** Jobs whose reports were not recorded, because the claim no longer holds them. */
  readonly refused: readonly string[]
}

export interface Beat {
  readonly alive: boolean
  /** It was asked to take nothing more and to end. */
  readonly draining: boolean
  readonly tokens: readonly string[]
  readonly stopIds: readonly string[]
  /** Until the next worker's heartbeat is too old, should it not beat again. */
  readonly staleInMs: number | null
  /** There are claims without a living worker. */
  readonly orphans: boolean
  /** There are jobs that were rescued before and wait to be run apart. */
  readonly suspects: boolean
  readonly dueInMs: number | null
  readonly expiresInMs: number | null
  /** Changes when limits or pauses have changed. */
  readonly rules: string | null
}

export interface Promotion {
  readonly promoted: number
  readonly wakeUp: WakeUp
  /** When the next one is due: from now, and in ms since 1970 by the database's clock; null for none. */
  readonly nextInMs: number | null
  readonly nextDue: number | null
}

export interface Expiration {
  /** How many times have come, and how many jobs ended by that. */
  readonly due: number
  readonly ended: number
  readonly nextInMs: number | null
}

/** The end of a job, to be written within its handler's transaction. */
export interface CompletionRequest {
  readonly workerId: string
  readonly token: string
  readonly id: string
  readonly runMs: number
  readonly waitMs: number | null
  /** JSON text. */
  readonly result: string | null
  /** The transaction of an earlier call for the same run. */
  readonly earlier: string | null
}

export interface CompletionReply {
  /** It is written; all else says why not. */
  readonly done: boolean
  /** The worker still holds the job. */
  readonly held: boolean
  readonly canceled: boolean
  /** The job's end is written already, or an earlier transaction that wrote it is still open. */
  readonly completed: boolean
  /** Of the caller. */
  readonly transaction: string
}

/** The end of a job whose handler wrote it within a transaction, and has returned. */
export interface PendingCompletion {
  readonly workerId: string
  readonly token: string
  readonly id: string
  /** Null when its reply was lost. */
  readonly transaction: string | null
  readonly keyed: boolean
}

/** `undone`: rolled back. `lost`: the claim is another worker's. */
export type CompletionVerdict = "ended" | "undone" | "lost"

export interface OwnClaim {
  readonly token: string
  readonly entrypoint: string
  readonly jobIds: readonly string[]
}

export interface RescuedJob {
  readonly id: string
  readonly entrypoint: string
  readonly rescues: number
  /** It was taken from too many dead workers and is held as failed. */
  readonly failed: boolean
}

/** How far a job is. */
export interface ProgressNote {
  readonly jobId: string
  readonly attempt: number
  readonly json: string
}

export interface LogNote {
  readonly jobId: string
  readonly attempt: number
  readonly level: "info" | "warn" | "error"
  readonly message: string
  /** JSON text. */
  readonly fields: string | null
  /** By the clock of this process. */
  readonly at: number
}

export interface WorkerIdentity {
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly entrypoints: readonly string[]
  readonly schedules: readonly string[]
  readonly heartbeatTimeoutMs: number
}

/** What a worker does with the database. Each call is one statement and one transaction. */
export interface WorkerStore {
  readonly limits: LimitStore
  readonly schedules: ScheduleStore
  startWorker(identity: WorkerIdentity): Promise<string>
  stopWorker(workerId: string): Promise<void>
  exchange(request: ExchangeRequest, signal?: AbortSignal): Promise<ExchangeReply>
  claimSuspect(
    workerId: string,
    entrypoints: readonly string[],
    leases: readonly string[],
  ): Promise<ClaimedJob | undefined>
  promoteDue(limit: number): Promise<Promotion>
  expireDue(limit: number): Promise<Expiration>
  beat(workerId: string, vitals: Vitals, signal?: AbortSignal): Promise<Beat>
  writeProgress(notes: readonly ProgressNote[]): Promise<void>
  /** @param now - by the clock of this process, for the age of the lines */
  writeLogLines(lines: readonly LogNote[], now: number): Promise<void>
  findClaims(workerId: string): Promise<readonly OwnClaim[]>
  markLostWorkers(): Promise<readonly { readonly id: string; readonly host: string; readonly pid: number }[]>
  takeOrphans(workerId: string): Promise<readonly { readonly token: string; readonly lostWorkerId: string }[]>
  rescueClaims(
    workerId: string,
    orphans: readonly { readonly token: string; readonly lostWorkerId: string }[],
    maxRescues: number,
  ): Promise<readonly RescuedJob[]>
  completeJob(request: CompletionRequest): Promise<CompletionReply>
  /** By job; those whose transaction is still open, or whose claim others are at, are not in the map. */
  settleCompleted(pending: readonly PendingCompletion[]): Promise<ReadonlyMap<string, CompletionVerdict>>
  notify(wakeUp: WakeUp): Promise<void>
}
