import type { Depth, DepthRequest, RollupStore } from "../../ports/rollup-store.js"

/**
 * Exact up to 10,000 jobs in a place: queued, deferred or held. Beyond it, queued jobs of an entrypoint with fewer than 200, and an
 * estimate from 300 pages of the table otherwise. That bounds what the server reads to some 50,000 rows whatever the backlog.
 */
const request: DepthRequest = { exactUpTo: 10_000, exactOfEntrypoint: 200, pages: 300, lines: 2_000, entrypoints: 500 }

export function readDepth(store: Pick<RollupStore, "readDepth">): Promise<Depth> {
  return store.readDepth(request)
}

/**
 * With all entrypoints that it finds: what is left out could not be added up.
 *
 * @param pages - to estimate from; fewer for who asks every few seconds
 */
export function readWholeDepth(store: Pick<RollupStore, "readDepth">, pages = request.pages): Promise<Depth> {
  return store.readDepth({ ...request, pages, entrypoints: 10_000 })
}
