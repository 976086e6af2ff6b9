import { errorPattern } from "../domain/error-pattern.js"
import type { JobRecord } from "../domain/job.js"

/** Jobs that failed in the same way. */
export interface FailureGroup {
  /** The first line, with `#` for what differs from job to job. */
  readonly error: string
  readonly count: number
  readonly entrypoints: readonly string[]
  readonly lastAt: Date | null
  /** The newest five. */
  readonly ids: readonly string[]
  /** How many are held and can be requeued. */
  readonly held: number
}

/** The most frequent first. */
export function groupFailures(jobs: readonly JobRecord[]): readonly FailureGroup[] {
  const groups = new Map<string, JobRecord[]>()
  for (const job of jobs) {
    const error = errorPattern(job.error ?? "")
    groups.set(error, [...(groups.get(error) ?? []), job])
  }
  return [...groups].map(asGroup).sort((a, b) => b.count - a.count)
}

function asGroup([error, jobs]: [string, JobRecord[]]): FailureGroup {
  const newest = [...jobs].sort((a, b) => (b.finishedAt?.getTime() ?? 0) - (a.finishedAt?.getTime() ?? 0))
  return {
    error,
    count: jobs.length,
    entrypoints: [...new Set(jobs.map(({ entrypoint }) => entrypoint))].sort(),
    lastAt: newest[0]?.finishedAt ?? null,
    ids: newest.slice(0, 5).map(({ id }) => id),
    held: jobs.filter(({ status }) => status === "failed").length,
  }
}
