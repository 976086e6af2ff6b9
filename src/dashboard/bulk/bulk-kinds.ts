import type { ActionResult } from "../../app/job-actions.js"
import type { Status } from "../../domain/status.js"
import type { Queries } from "../../queries.js"

/** Something that is done to all jobs of a filter. */
export interface BulkKind {
  /** In the address. */
  readonly name: "cancel" | "requeue" | "delete"
  readonly label: string
  readonly danger: boolean
  /** Where jobs stand that it can be done to, in the order in which jobs move: one that moves on meanwhile is met later. */
  readonly reach: readonly Status[]
  /** Where a job may have gone back to, before it was met where it went on to: looked through once more. */
  readonly again: readonly Status[]
  /** What becomes of each job. */
  readonly meaning: string
  /** What was done to a job that stands there afterwards. */
  readonly words: { readonly [S in Status]?: string }
  run(queries: Queries, ids: readonly string[]): Promise<readonly ActionResult[]>
}

export const bulkKinds: readonly BulkKind[] = [
  {
    name: "cancel",
    label: "Cancel",
    danger: true,
    reach: ["deferred", "queued", "picked"],
    again: ["deferred", "queued"],
    meaning: "Those that wait never run. Those that run are asked to stop.",
    words: { canceled: "canceled", picked: "asked to stop" },
    run: (queries, ids) => queries.cancel(ids),
  },
  {
    name: "requeue",
    label: "Requeue",
    danger: false,
    reach: ["failed"],
    again: [],
    meaning: "Each gets one more attempt.",
    words: { queued: "back in line" },
    run: (queries, ids) => queries.requeue(ids),
  },
  {
    name: "delete",
    label: "Delete",
    danger: true,
    reach: ["deferred", "queued", "failed"],
    again: [],
    meaning: "They end as deleted, and never run.",
    words: { deleted: "deleted" },
    run: (queries, ids) => queries.delete(ids),
  },
]

export function bulkKindOf(name: string | null): BulkKind | undefined {
  return bulkKinds.find((kind) => kind.name === name)
}

/** `deferred, queued or picked` */
export function placesText(places: readonly Status[]): string {
  return places.join(", ").replace(/, (\w+)$/, " or $1")
}

/** Where the action looks for jobs of a filter: nowhere when it cannot be done to any of its status. */
export function placesOf(places: readonly Status[], status: Status | undefined): readonly Status[] {
  return places.filter((place) => status === undefined || status === place)
}
