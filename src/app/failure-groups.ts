import { errorPattern } from "../domain/error-pattern.js"
import type { RecentFailure } from "../ports/recent-store.js"

/** Failed attempts of one entrypoint with errors of one kind. */
export interface FailureGroup {
  readonly entrypoint: string
  /** With `#` for numbers and ids. */
  readonly error: string
  /** The newest error, as far as it was read. */
  readonly newestError: string
  readonly attempts: number
  /** Jobs of these that failed for good. */
  readonly ended: number
  /** Those of them that are held, and can be requeued. */
  readonly held: number
  readonly lastAt: Date
  /** Of each attempt, the newest first. */
  readonly failedAt: readonly Date[]
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

/** A group as JSON shows it, to programs and assistants. */
export function failureGroupFacts({ newestError, failedAt, ids, ...group }: FailureGroup) {
  return { ...group, ids: ids.slice(0, 5) }
}

function asGroup(failures: readonly RecentFailure[]): FailureGroup {
  const newest = failures[0]!
  const jobs = new Map(failures.map((failure) => [failure.jobId, failure]))
  const endedAs = (...statuses: readonly RecentFailure["endedAs"][]) =>
    [...jobs.values()].filter((job) => statuses.includes(job.endedAs)).length
  return {
    entrypoint: newest.entrypoint,
    error: errorPattern(newest.error),
    newestError: newest.error,
    attempts: failures.length,
    ended: endedAs("exception", "failed"),
    held: endedAs("failed"),
    lastAt: newest.failedAt,
    failedAt: failures.map(({ failedAt }) => failedAt),
    ids: [...jobs.keys()].slice(0, 100),
  }
}
