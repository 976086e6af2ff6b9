import { toMilliseconds } from "../../domain/duration.js"
import { errorPattern } from "../../domain/error-pattern.js"
import type { JobPageRequest, JobRow } from "../../ports/job-page-store.js"
import type { JobsFilter } from "../pages/jobs/jobs-filter.js"
import type { Site } from "../site.js"

/** Rows that one look at a place reads at most: some 30 ms of the server's time. */
const lookAtMost = 50_000

/** The same where the job itself has to be looked up for each row. */
const lookUpAtMost = 10_000

/** A text is looked for in so many jobs that match the rest. */
const searchAtMost = 10_000

/** At first in so many of them. */
const searchFirst = 500

/** Payloads that are in memory at once. */
const describeAtMost = 200

export interface JobPage {
  readonly jobs: readonly JobRow[]
  /** Where the next page begins; null at the end. */
  readonly next: string | null
  /** How many were looked at, where that was not enough to fill the page and there are more. */
  readonly looked: number | null
}

/** A page of the jobs that match, found in bounded time however many there are and however few match. */
export async function findJobPage(site: Site, filter: JobsFilter, pageSize: number): Promise<JobPage> {
  return looksInside(filter) ? findWithText(site, filter, pageSize) : findPlain(site, filter, pageSize)
}

async function findPlain(site: Site, filter: JobsFilter, pageSize: number): Promise<JobPage> {
  const request = requestOf(site, filter, pageSize + 1)
  const { jobs: found, next, looked } = await site.jobPages.findPage(request)
  const shown = found.slice(0, pageSize)
  const jobs = await site.jobPages.describe(shown.map(({ id }) => id))
  if (found.length > pageSize) return { jobs, next: shown.at(-1)!.cursor, looked: null }
  return { jobs, next, looked }
}

/** The database finds them; where fields are hidden, only a text counts that is still there without them. */
async function findWithText(site: Site, filter: JobsFilter, pageSize: number): Promise<JobPage> {
  const request = { ...requestOf(site, filter, searchAtMost), ...searchLook(filter) }
  const { jobs: candidates, next, looked } = await site.jobPages.findPage(request)
  const kept: { readonly row: JobRow; readonly cursor: string }[] = []
  // Where many match, the first of them fill the page.
  for (const some of [candidates.slice(0, searchFirst), ...batches(candidates.slice(searchFirst), searchAtMost)]) {
    const ids = some.map(({ id }) => id)
    const matching = await findMatching(site, filter, ids)
    for (const batch of batches(
      some.filter(({ id }) => matching.has(id)),
      pageSize + 1,
    )) {
      const rows = new Map((await site.jobPages.describe(batch.map(({ id }) => id))).map((row) => [row.id, row]))
      for (const { id, cursor } of batch) {
        const row = rows.get(id)
        if (row !== undefined && isStillThere(site, row, filter.text)) kept.push({ row, cursor })
      }
      if (kept.length > pageSize) break
    }
    if (kept.length > pageSize) break
  }
  const jobs = kept.slice(0, pageSize).map(({ row }) => row)
  if (kept.length > pageSize) return { jobs, next: kept[pageSize - 1]!.cursor, looked: null }
  return { jobs, next, looked: next === null ? null : candidates.length || looked }
}

/** Those of the jobs that have the text and the kind of error that the filter asks for, of which an index knows nothing. */
export async function keepMatching(site: Site, filter: JobsFilter, ids: readonly string[]): Promise<readonly string[]> {
  if (!looksInside(filter) || ids.length === 0) return ids
  const matching = await findMatching(site, filter, ids)
  const found = ids.filter((id) => matching.has(id))
  if (filter.text === undefined || !site.redactor.active) return found
  const kept: string[] = []
  for (const batch of batches(found, describeAtMost)) {
    const rows = await site.jobPages.describe(batch)
    kept.push(...rows.filter((row) => isStillThere(site, row, filter.text)).map(({ id }) => id))
  }
  return kept
}

/** Many lines that are looked at together are sorted: rather fewer of them. */
function searchLook({ status, entrypoint }: JobsFilter): { readonly lookAtMost?: number } {
  return status === "queued" && entrypoint === undefined ? { lookAtMost: 2 * searchAtMost } : {}
}

function looksInside({ text, error }: JobsFilter): boolean {
  return text !== undefined || error !== undefined
}

async function findMatching(
  { jobPages, errorKey }: Site,
  { text, error }: JobsFilter,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const withText = text === undefined ? new Set(ids) : await jobPages.findText(ids, text)
  if (error === undefined) return withText
  const errors = await jobPages.findErrors([...withText])
  return new Set([...errors].filter(([, found]) => errorKey(errorPattern(found)) === error).map(([id]) => id))
}

function isStillThere({ redactor }: Site, { payload, error, headers }: JobRow, text: string | undefined): boolean {
  if (!redactor.active || text === undefined) return true
  const value = payload.kind === "json" ? payload.value : undefined
  if (payload.kind === "json" && value === undefined) return false
  const shown = `${payload.kind === "json" ? redactor.json(payload.text ?? "", 0) : ""}\n${redactor.text(error ?? "", [value, headers])}`
  return shown.toLowerCase().includes(text.toLowerCase())
}

/** A page's filter as the database is asked for it. */
export function requestOf(site: Pick<Site, "now">, filter: JobsFilter, limit: number): JobPageRequest {
  const ago = (age: JobsFilter["within"]) =>
    age === undefined ? null : new Date(site.now() - toMilliseconds(age, "age"))
  return {
    order: filter.order,
    status: filter.status ?? null,
    entrypoint: filter.entrypoint ?? null,
    priority: filter.priority ?? null,
    worker: filter.worker ?? null,
    createdFrom: ago(filter.within),
    createdBefore: ago(filter.before),
    after: filter.after ?? null,
    limit,
    lookAtMost: looksUp(filter) ? lookUpAtMost : lookAtMost,
  }
}

/** A place says neither when a job was created nor, once it has ended, its priority. */
function looksUp({ status, worker, priority, within, before }: JobsFilter): boolean {
  const isByPlace = status !== undefined || worker !== undefined
  return isByPlace && [priority, within, before].some((value) => value !== undefined)
}

function batches<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}
