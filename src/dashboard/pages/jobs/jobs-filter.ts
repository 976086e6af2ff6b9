import { type Duration, looksLikeDuration, toMilliseconds } from "../../../domain/duration.js"
import { type Status, statuses } from "../../../domain/status.js"

/** What the parameters of the page's address ask for; what cannot be read is as if it were not there. */
export interface JobsFilter {
  readonly order: "newest" | "oldest"
  readonly status?: Status
  readonly entrypoint?: string
  readonly priority?: number
  /** A worker's id. */
  readonly worker?: string
  /** Created within the last so long, or before that. */
  readonly within?: Duration
  readonly before?: Duration
  /** In payload or error. */
  readonly text?: string
  /** The kind of error, by the key of its pattern. */
  readonly error?: string
  /** The page begins behind it. */
  readonly after?: string
}

/** Ages to choose from; any other duration can be written into the address. */
export const ages = ["5m", "1h", "24h", "7d"] as const

export function readJobsFilter(query: URLSearchParams): JobsFilter {
  // PostgreSQL holds no such character, so nothing could match it.
  const given = (name: string) => query.get(name)?.replaceAll("\0", "").trim() || undefined
  const matching = (name: string, pattern: RegExp) => {
    const value = given(name)
    return value !== undefined && pattern.test(value) ? value : undefined
  }
  const priority = matching("priority", /^-?\d{1,10}$/)
  return defined({
    order: given("order") === "oldest" ? ("oldest" as const) : ("newest" as const),
    status: statuses.find((status) => status === given("status")),
    entrypoint: given("entrypoint"),
    priority: priority === undefined ? undefined : clamped(Number(priority)),
    worker: matching("worker", /^\d{1,18}$/),
    within: durationOf(given("within")),
    before: durationOf(given("before")),
    text: given("text")?.slice(0, 200),
    error: matching("error", /^[\w-]{22}$/),
    after: matching("after", /^\d{1,18}$/),
  })
}

/** The same as parameters of a link, from the first page on. */
export function jobsParameters(filter: JobsFilter): Readonly<Record<string, string | number | undefined>> {
  const { order, after, ...rest } = filter
  return { ...rest, order: order === "newest" ? undefined : order }
}

/** Whether anything is left out. */
export function isFiltered({ order, after, ...rest }: JobsFilter): boolean {
  return Object.keys(rest).length > 0
}

function durationOf(text: string | undefined): Duration | undefined {
  if (text === undefined || !looksLikeDuration(text)) return undefined
  try {
    toMilliseconds(text, "age")
    return text
  } catch {
    return undefined
  }
}

function clamped(value: number): number {
  return Math.min(2_147_483_647, Math.max(-2_147_483_648, value))
}

function defined<T extends { readonly order: JobsFilter["order"] }>(filter: T): JobsFilter {
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as unknown as JobsFilter
}
