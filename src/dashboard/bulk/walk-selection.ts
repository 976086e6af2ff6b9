import type { Status } from "../../domain/status.js"
import type { FoundPage, JobPageRequest, LinePlace } from "../../ports/job-page-store.js"
import { keepMatching, requestOf } from "../readings/job-page.js"
import type { Site } from "../site.js"
import { placesOf } from "./bulk-kinds.js"
import type { LeastCount } from "./bulk-state.js"
import type { Selection } from "./selection.js"

/** So many jobs are held in memory at once. */
const lookAtMost = 10_000

/** Where a text has to be looked for while somebody waits. */
const searchAtMost = 2_000

const sampleSize = 10

/** A look at each place is always taken, and one more: no action reaches more than three. */
const leastLooks = 4

/** The ids of the jobs that match, those of one look at a time: none where nothing of it matches. */
export async function* walkSelection(site: Site, selection: Selection): AsyncGenerator<readonly string[]> {
  const { kind, filter } = selection
  yield* walkPlaces(site, selection, placesOf(kind.reach, filter.status), lookAtMost)
  yield* walkPlaces(site, selection, placesOf(kind.again, filter.status), lookAtMost)
}

async function* walkPlaces(
  site: Site,
  selection: Selection,
  places: readonly Status[],
  look: number,
): AsyncGenerator<readonly string[]> {
  const { filter, at } = selection
  const upTo = BigInt(selection.upTo)
  for (const place of places) {
    const request = requestOf({ now: () => at }, { ...filter, status: place }, look)
    const looks = place === "queued" ? walkLines(site, request) : walkPlace(site, request, String(upTo + 1n))
    for await (const found of looks) {
      const ids = found.filter((id) => BigInt(id) <= upTo)
      yield await keepMatching(site, filter, ids)
    }
  }
}

/** How many match, exactly where a look at each place is enough, else as far as that is counted within so many milliseconds; and the first of them. */
export async function countSelection(
  site: Site,
  selection: Selection,
  countMs: number,
): Promise<{ readonly total: LeastCount; readonly sample: readonly string[] }> {
  const { kind, filter } = selection
  const from = site.clock.monotonic()
  const sample: string[] = []
  let [looks, count] = [0, 0]
  const look = filter.text === undefined && filter.error === undefined ? lookAtMost : searchAtMost
  for await (const ids of walkPlaces(site, selection, placesOf(kind.reach, filter.status), look)) {
    count += ids.length
    sample.push(...ids.slice(0, sampleSize - sample.length))
    if (++looks >= leastLooks && site.clock.monotonic() - from > countMs)
      return { total: { count, exact: false }, sample }
  }
  return { total: { count, exact: true }, sample }
}

/** In the order of their ids, so that what comes meanwhile is not met. */
async function* walkPlace(
  { jobPages }: Site,
  request: JobPageRequest,
  from: string,
): AsyncGenerator<readonly string[]> {
  for (let after: string | null = from; after !== null; ) {
    const { jobs, next }: FoundPage = await jobPages.findPage({ ...request, after })
    after = next
    yield jobs.map(({ id }) => id)
  }
}

/** A requeued or promoted job has a place behind those that came later, so its place says nothing of its age. */
async function* walkLines({ jobPages }: Site, request: JobPageRequest): AsyncGenerator<readonly string[]> {
  if (request.worker !== null) return
  let after: LinePlace | null = null
  do {
    const look: Awaited<ReturnType<typeof jobPages.walkQueued>> = await jobPages.walkQueued({
      ...request,
      after,
      lookAtMost: request.limit,
    })
    after = look.next
    yield look.ids
  } while (after !== null)
}
