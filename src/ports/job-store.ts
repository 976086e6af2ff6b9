import type { FailedAttempt, JobProgress, JobRecord, LogLine } from "../domain/job.js"
import type { EncodedPayload } from "../domain/payload.js"
import type { Status } from "../domain/status.js"

/** What a producer writes. */
export interface NewJob {
  readonly entrypoint: string
  readonly priority: number
  readonly payload: EncodedPayload
  readonly headers: string | null
  readonly executeAfter: When | null
  readonly maxAttempts: number | null
  readonly timeoutMs: number | null
  /** When it shall not start any more. */
  readonly expireAfter: When | null
  /** No two unfinished jobs of one entrypoint have the same. */
  readonly dedupeKey: string | null
}

/** A time from now, or an absolute one. */
export type When = { readonly delayMs: number } | { readonly at: Date }

/** How an enqueue wakes workers: exactly, by a word that equals all others of its transaction, or not at all. */
export type Wake = "exact" | "plain" | "none"

/** What a wake-up says; without an entry it is about everything. */
export interface WakeUp {
  readonly entrypoints?: readonly string[]
  /** The lowest place in line that became ready. */
  readonly seq?: string | null
  /** When the next deferred job is due, in ms since 1970 by the database's clock. */
  readonly due?: number | null
  /** Jobs that workers hold shall stop. */
  readonly cancel?: boolean
  /** Workers shall drain: each reads whether it is one of them. */
  readonly drain?: boolean
  /** Limits or pauses have changed. */
  readonly rules?: boolean
  /** Slots of these limited entrypoints are free again; true: of any. */
  readonly freed?: readonly string[] | true
  /** Schedules have changed, or runs of them wait. */
  readonly schedules?: boolean
}

export interface ProducerStore {
  /** All of them or none; the ids are in the order of the jobs. */
  enqueue(jobs: readonly NewJob[], wake: Wake): Promise<{ readonly ids: readonly string[]; readonly wakeUp: WakeUp }>
  notify(wakeUp: WakeUp): Promise<void>
}

/** What was written of jobs with dedupe keys. */
export interface UniqueEnqueued {
  /** One for each job, also for those that were not written. */
  readonly ids: readonly string[]
  /** The places, from 0, of the jobs whose keys are taken. */
  readonly refused: readonly number[]
  readonly wakeUp: WakeUp
}

export interface UniqueProducerStore {
  /**
   * Writes the jobs whose keys are free; no key may be there twice. Within a transaction it keeps all keys locked, also the taken ones.
   *
   * @param ids - to be given to the jobs; drawn where there are none
   */
  enqueueUnique(jobs: readonly NewJob[], ids: readonly string[], wake: Wake): Promise<UniqueEnqueued>
  /** The unfinished jobs that hold the keys of these, by the place of the latter. */
  findKeyHolders(jobs: readonly NewJob[]): Promise<ReadonlyMap<number, string>>
}

export interface InspectionStore {
  findJobs(ids: readonly string[]): Promise<readonly JobRecord[]>
  findProgress(id: string): Promise<JobProgress | undefined>
  findLogLines(id: string, after: string | null, limit: number): Promise<readonly LogLine[]>
  findFailures(id: string): Promise<readonly FailedAttempt[]>
  listJobIds(filter: JobFilter): Promise<readonly string[]>
  listEntrypointIds(entrypoint: string, limit: number): Promise<readonly string[]>
  /** Newest first. */
  listHeldIds(entrypoint: string, after: string | null, limit: number): Promise<readonly string[]>
  countUnfinished(): Promise<readonly QueueSize[]>
}

/** Acts on jobs by id. Each call is one statement; the calls of one action share a transaction. */
export interface ActionStore {
  /** A job that is in between two places has the status null; an unknown one is not in the map. */
  findStatuses(ids: readonly string[]): Promise<ReadonlyMap<string, Status | null>>
  /**
   * Ends what no worker holds; answers with the ids that it ended.
   *
   * @param replacements - one id for each job, or none: the jobs that take their places
   */
  endWaiting(
    ids: readonly string[],
    status: "canceled" | "deleted",
    replacements?: readonly string[],
  ): Promise<readonly string[]>
  /** Marks what workers hold, and wakes them; answers with the ids that are marked now. */
  stopClaimed(ids: readonly string[]): Promise<readonly string[]>
  /** Gives what no worker holds another time, another priority or both, and wakes workers; answers with where it stands now. */
  rescheduleWaiting(
    ids: readonly string[],
    executeAfter: When | null,
    priority: number | null,
  ): Promise<ReadonlyMap<string, "queued" | "deferred">>
  /** Puts what is held back into line, and wakes workers; answers with the ids that it moved. */
  requeueHeld(ids: readonly string[]): Promise<readonly string[]>
}

export interface JobFilter {
  readonly status: Status | null
  readonly entrypoint: string | null
  readonly after: string | null
  readonly limit: number
}

export interface QueueSize {
  readonly entrypoint: string
  readonly status: "queued" | "deferred" | "picked" | "failed"
  readonly count: number
}
