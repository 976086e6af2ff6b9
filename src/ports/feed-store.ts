import type { EndStatus } from "../domain/status.js"

/** How one job ended. */
export interface DescribedEnd {
  readonly id: string
  readonly entrypoint: string
  readonly status: EndStatus
  readonly attempt: number
  /** Milliseconds; null where nothing ran, and for a job that is held. */
  readonly runMs: number | null
  readonly error: string | null
}

export interface FeedStore {
  describeEnds(ids: readonly string[]): Promise<readonly DescribedEnd[]>
}
