import { errorPattern } from "../../domain/error-pattern.js"
import type { RecentFailure } from "../../ports/recent-store.js"

/** Failed attempts of one entrypoint with errors of one kind. */
export interface FailureGroup {
  readonly entrypoint: string
  /** With `#` for numbers and ids. */
  readonly error: string
  readonly attempts: number
  /** Jobs of these that failed for good. */
  readonly ended: number
  readonly lastAt: Date
  /** Each job once, the newest 100. */
  readonly ids: readonly string[]
}

/** @param failures - the newest first; so are the groups */
export function groupFailures(failures: readonly RecentFailure[]): FailureGroup[] {
  const groups = new Map<string, RecentFailure[]>()
  for (const failure of failures) {
    const key = `${failure.entrypoint}\n${errorPattern(failure.error)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [failure])
    else group.push(failure)
  }
  return [...groups.values()].map(asGroup)
}

function asGroup(failures: readonly RecentFailure[]): FailureGroup {
  const newest = failures[0]!
  const jobs = new Map(failures.map((failure) => [failure.jobId, failure]))
  return {
    entrypoint: newest.entrypoint,
    error: errorPattern(newest.error),
    attempts: failures.length,
    ended: [...jobs.values()].filter(({ endedAs }) => endedAs === "exception" || endedAs === "failed").length,
    lastAt: newest.failedAt,
    ids: [...jobs.keys()].slice(0, 100),
  }
}
