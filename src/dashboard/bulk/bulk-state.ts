import type { Status } from "../../domain/status.js"
import { countText } from "../components/figures.js"
import type { BulkKind } from "./bulk-kinds.js"

/** How far an action on many jobs is. */
export interface BulkState {
  /** Of its record. */
  readonly id: string
  readonly kind: BulkKind
  /** The jobs, in words. */
  readonly target: string
  readonly person: string
  readonly total: LeastCount
  readonly startedAt: Date
  readonly finishedAt: Date | null
  /** `stopped`: it did not come to its end, for the reason in `problem`. */
  readonly phase: "running" | "finished" | "stopped"
  readonly problem: string | null
  /** Jobs that it was done to, by where they stand now. */
  readonly done: ReadonlyMap<Status, number>
  /** Jobs that it could not be done to any more, by where they stood. */
  readonly refused: ReadonlyMap<Status | "unknown", number>
}

/** A number of jobs that is exact, or the least that there are. */
export interface LeastCount {
  readonly count: number
  readonly exact: boolean
}

export function leastCountText({ count, exact }: LeastCount): string {
  const jobs = count === 1 ? "job" : "jobs"
  return `${exact ? "" : "at least "}${countText(count)} ${jobs}`
}
