import { type JobsFilter, jobsParameters, readJobsFilter } from "../pages/jobs/jobs-filter.js"
import type { Site } from "../site.js"
import { type BulkKind, bulkKindOf } from "./bulk-kinds.js"

/** The jobs of a filter as it stood at a time, and what shall be done to them. */
export interface Selection {
  readonly kind: BulkKind
  readonly filter: JobsFilter
  /** Ages are counted from it, in milliseconds since 1970. */
  readonly at: number
  /** The newest job of that time: later ones are left alone. */
  readonly upTo: string
}

/** A form that was opened so long ago is refused anyway. */
const oldestMs = 24 * 3_600_000

/** What a page asks for that is opened now; undefined without an action. */
export async function selectNow(site: Site, query: URLSearchParams): Promise<Selection | undefined> {
  const kind = bulkKindOf(query.get("action"))
  if (kind === undefined) return undefined
  return { kind, filter: withoutPage(readJobsFilter(query)), at: site.now(), upTo: await newestJob(site) }
}

/** What the form of such a page sends; undefined when it is none. */
export function readSelection(site: Site, form: URLSearchParams): Selection | undefined {
  const kind = bulkKindOf(form.get("action"))
  const at = Number(form.get("at") ?? Number.NaN)
  const upTo = form.get("upTo") ?? ""
  const isFresh = at <= site.now() && at > site.now() - oldestMs
  if (kind === undefined || !isFresh || !/^\d{1,18}$/.test(upTo)) return undefined
  return { kind, filter: withoutPage(readJobsFilter(form)), at, upTo }
}

/** The same as fields of a form. */
export function selectionFields({ kind, filter, at, upTo }: Selection): Readonly<Record<string, string>> {
  const given = Object.entries(jobsParameters(filter)).filter(([, value]) => value !== undefined)
  const fields = Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
  return { ...fields, action: kind.name, at: String(at), upTo }
}

/** `queued jobs of fetch created within 1h`: what the filter keeps, in words. */
export function selectionText({
  status,
  entrypoint,
  priority,
  worker,
  within,
  before,
  text,
  error,
}: JobsFilter): string {
  const jobs = `${status === undefined ? "" : `${status} `}jobs${entrypoint === undefined ? "" : ` of ${entrypoint}`}`
  const parts = [
    worker === undefined ? [] : `of worker ${worker}`,
    priority === undefined ? [] : `with priority ${priority}`,
    within === undefined ? [] : `created within ${within}`,
    before === undefined ? [] : `created more than ${before} ago`,
    text === undefined ? [] : `with “${text}” in payload or error`,
    error === undefined ? [] : "with the same kind of error",
  ].flat()
  return [jobs, parts.join(", ")].join(" ").trim()
}

function withoutPage({ after, order, ...filter }: JobsFilter): JobsFilter {
  return { ...filter, order: "newest" }
}

async function newestJob({ jobPages }: Site): Promise<string> {
  const anything = {
    status: null,
    entrypoint: null,
    priority: null,
    worker: null,
    createdFrom: null,
    createdBefore: null,
  }
  const { jobs } = await jobPages.findPage({ ...anything, order: "newest", after: null, limit: 1, lookAtMost: 1 })
  return jobs[0]?.id ?? "0"
}
