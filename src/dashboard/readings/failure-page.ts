import { type FailureGroup, groupFailures } from "../../app/failure-groups.js"
import { toMilliseconds } from "../../domain/duration.js"
import { errorPattern } from "../../domain/error-pattern.js"
import type { JobRow } from "../../ports/job-page-store.js"
import type { Range } from "../pages/range.js"
import type { Site } from "../site.js"

/** Attempts that are looked at. */
export const mostFailures = 1_000
const mostGroups = 100

export interface ShownGroup extends FailureGroup {
  /** Of its kind of error, in addresses. */
  readonly key: string
  /** Without what is hidden; undefined where that cannot be taken out without reading a long payload. */
  readonly shownError: string | undefined
}

export interface FailurePage {
  /** The most frequent first, at most 100. */
  readonly groups: readonly ShownGroup[]
  /** How many more kinds there are. */
  readonly others: number
  /** Failed attempts in the time that is asked for, as far as they were looked at. */
  readonly attempts: number
  /** The time that is asked for, and from when on all is known: milliseconds since 1970. */
  readonly from: number
  readonly to: number
  readonly knownFrom: number
}

/** What failed within a time, among the newest attempts. */
export async function findFailurePage(site: Site, range: Range): Promise<FailurePage> {
  const to = site.now()
  const from = to - toMilliseconds(range.last, "last")
  const newest = await site.readings.share("failures", () => site.recent.listFailures(mostFailures))
  const failures = newest.filter(({ failedAt }) => failedAt.getTime() >= from)
  const groups = groupFailures(failures).sort((a, b) => b.attempts - a.attempts)
  return {
    groups: await withoutHidden(site, groups.slice(0, mostGroups)),
    others: Math.max(0, groups.length - mostGroups),
    attempts: failures.length,
    ...{ from, to },
    knownFrom: newest.length < mostFailures ? from : Math.max(from, newest.at(-1)!.failedAt.getTime()),
  }
}

/** An error may quote what is hidden in its job, which is read only where something is. */
async function withoutHidden(site: Site, groups: readonly FailureGroup[]): Promise<readonly ShownGroup[]> {
  const { redactor, errorKey, jobPages } = site
  const rows = redactor.active ? await jobPages.describe(groups.map(({ ids }) => ids[0]!)) : []
  const jobs = new Map(rows.map((row) => [row.id, row]))
  return groups.map((group) => {
    const shownError = redactor.active
      ? errorWithout(site, group, jobs.get(group.ids[0]!))
      : errorPattern(redactor.text(group.newestError))
    return { ...group, key: errorKey(group.error), shownError }
  })
}

function errorWithout({ redactor }: Site, { newestError }: FailureGroup, job: JobRow | undefined): string | undefined {
  if (job === undefined) return undefined
  const { payload, headers } = job
  if (payload.kind === "json" && payload.value === undefined) return undefined
  return errorPattern(redactor.text(newestError, [payload.kind === "json" ? payload.value : undefined, headers]))
}
