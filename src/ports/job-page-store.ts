import type { Status } from "../domain/status.js"

export interface JobPageRequest {
  readonly order: "newest" | "oldest"
  readonly status: Status | null
  readonly entrypoint: string | null
  readonly priority: number | null
  /** A worker's id. */
  readonly worker: string | null
  readonly createdFrom: Date | null
  readonly createdBefore: Date | null
  /** Begins behind it. */
  readonly after: string | null
  readonly limit: number
  /** Looks at so many rows at most, whatever matches. */
  readonly lookAtMost: number
}

/** A job of a page, and where the next page begins behind it. */
export interface PagedJob {
  readonly id: string
  readonly cursor: string
}

export interface FoundPage {
  readonly jobs: readonly PagedJob[]
  /** Where to go on; null when there is nothing behind it. */
  readonly next: string | null
  /** How many rows were looked at, where these were not enough to find as many jobs as asked for, and there are more. */
  readonly looked: number | null
}

/** A place in line. */
export interface LinePlace {
  readonly entrypoint: string
  readonly rank: number
  readonly seq: string
}

export interface QueuedWalk extends Pick<JobPageRequest, "entrypoint" | "priority" | "createdFrom" | "createdBefore"> {
  /** Begins behind it. */
  readonly after: LinePlace | null
  readonly lookAtMost: number
}

/** A job in a list. */
export interface JobRow {
  readonly id: string
  readonly entrypoint: string
  readonly status: Status
  readonly priority: number
  readonly attempt: number
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly workerId: string | null
  /** Its beginning. */
  readonly error: string | null
  readonly headers: Readonly<Record<string, unknown>>
  /** `json` has no value and no text where it is long. */
  readonly payload:
    | { readonly kind: "none" }
    | { readonly kind: "json"; readonly value?: unknown; readonly text?: string; readonly bytes: number }
    | { readonly kind: "bytes"; readonly bytes: number }
}

/** JSON as the database has it; cut off where it is long. */
export interface StoredText {
  readonly text: string
  /** Of all of it, in characters. */
  readonly length: number
}

export const valueNames = ["payload", "headers", "result", "progress"] as const

export type ValueName = (typeof valueNames)[number]

/** Pages of jobs that are quick however many there are. */
export interface JobPageStore {
  findPage(request: JobPageRequest): Promise<FoundPage>
  /** The queued jobs that match, line by line however many lines there are, and where to go on; null at the end. */
  walkQueued(request: QueuedWalk): Promise<{ readonly ids: readonly string[]; readonly next: LinePlace | null }>
  /** In the order of the ids that are given. */
  describe(ids: readonly string[]): Promise<readonly JobRow[]>
  /** Those that have the text in payload or error. Payloads that are stored in more than 64 kB are left out. */
  findText(ids: readonly string[], text: string): Promise<ReadonlySet<string>>
  /** What a job carries and gave back, where that is JSON; of each at most so many characters, null for all. */
  readValues(id: string, most: number | null): Promise<Partial<Readonly<Record<ValueName, StoredText>>>>
  /** How the errors begin of those that have failed for good, by id. */
  findErrors(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Enqueues a job again, and answers with the id of the new one; undefined when there is no such job. Its dedupe key and its expiry stay with it. */
  copy(id: string): Promise<string | undefined>
}
