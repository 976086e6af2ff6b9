import type { Status } from "../domain/status.js"

/** Jobs of one entrypoint, priority and status that were created in the same second. */
export interface RecentGroup {
  /** The second. */
  readonly createdAt: Date
  readonly entrypoint: string
  readonly priority: number
  readonly status: Status
  readonly count: number
  /** False: more jobs were created in that second than were looked at. */
  readonly complete: boolean
  /**
   * Milliseconds, the mean: from when a job could first start to its last start, or until now while it waits. Null where nobody
   * knows: of deferred and of held jobs.
   */
  readonly waitMs: number | null
  /** Nothing moves it by itself any more; a held job counts among these. */
  readonly hasEnded: boolean
  /** The newest 100. */
  readonly ids: readonly string[]
}

/** One attempt that failed. */
export interface RecentFailure {
  readonly jobId: string
  readonly entrypoint: string
  readonly attempt: number
  readonly failedAt: Date
  /** Its first 500 characters. */
  readonly error: string
  /** How the job ended, by this attempt or a later one; null while it is unfinished. */
  readonly endedAs: Status | null
}

/** What happened lately. Costs the same however long the backlog and the history are. */
export interface RecentStore {
  /**
   * The newest first, among the newest 1,000 jobs, the newest 1,000 that ended, and those that workers hold.
   *
   * @param most - at most so many groups of jobs that have ended, and so many of others
   */
  listGroups(most: number): Promise<readonly RecentGroup[]>
  /** The newest first. */
  listFailures(most: number): Promise<readonly RecentFailure[]>
}
