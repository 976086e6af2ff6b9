import type { FinalStatus, Retention } from "../domain/retention.js"

/** One step of a walk through the ends of jobs. */
export interface PruneStep {
  /** The job after which to look; "0" begins. */
  readonly after: string
  readonly readAtMost: number
  readonly removeAtMost: number
  /** The ages at which ends of these statuses go; others stay. */
  readonly ages: Partial<Retention>
  /** Whether the ages of an entrypoint itself come before those. */
  readonly ownAges: boolean
  readonly entrypoints: readonly string[] | null
  readonly dryRun: boolean
}

export interface PruneReply {
  readonly counts: readonly PruneCount[]
  /** Where to go on; null when all that could be old enough was seen. */
  readonly next: string | null
}

export interface PruneCount {
  readonly entrypoint: string
  readonly status: FinalStatus
  readonly count: number
}

/** Removes old history. */
export interface RetentionStore {
  /** What the code says of each entrypoint; null where it says nothing. */
  registerRetention(ages: ReadonlyMap<string, Partial<Retention> | null>): Promise<void>
  /** Whether it is this worker's turn, which then is its own for so long. */
  takeTurn(turnMs: number, keep: boolean): Promise<boolean>
  prune(step: PruneStep): Promise<PruneReply>
  /**
   * Removes runs of schedules: those that went well at the age of successful jobs, the others at that of failed ones.
   *
   * @param removeAtMost - of each status
   * @returns how many were removed
   */
  pruneRuns(ages: Retention, removeAtMost: number): Promise<number>
  /**
   * Removes what people did, at an age in milliseconds.
   *
   * @returns how many were removed
   */
  pruneAudit(ageMs: number, removeAtMost: number): Promise<number>
}
