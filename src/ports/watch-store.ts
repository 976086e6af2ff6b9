import type { EndStatus } from "../domain/status.js"

/** What a process that waits for ends of jobs does with the database. Each call is one statement and one transaction. */
export interface WatchStore {
  /** Makes it known that somebody waits: from then on ends are notified. Answers with the watcher's id. */
  startWatcher(): Promise<string>
  stopWatcher(watcherId: string): Promise<void>
  /** Those of the jobs that have ended or don't exist. With a watcher's id it is a poll, which keeps ends being notified. */
  findEnds(
    jobIds: readonly string[],
    watcherId: string | null,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, EndStatus | "unknown">>
  findResults(jobIds: readonly string[]): Promise<ReadonlyMap<string, JobEnd>>
  /** Sends a notification to all watchers. */
  notify(payload: string): Promise<void>
}

export interface JobEnd {
  readonly status: EndStatus
  /** JSON text; null when there is none. */
  readonly result: string | null
  readonly error: string | null
}
