import { PgQueuerError } from "../domain/errors.js"
import { show } from "../domain/options.js"
import { isFinal, type Status } from "../domain/status.js"
import type { InspectionStore } from "../ports/job-store.js"

/** What a call did to one job. */
export interface ActionResult {
  readonly id: string
  /** Whether this call ended it. */
  readonly done: boolean
  /** Where the job stands now; `unknown` when no job has this id. */
  readonly status: Status | "unknown"
}

/** A job in motion is in its new place within the time of a statement. */
const mostLooks = 50

/**
 * Ends jobs that no worker holds, and says of each id what became of it.
 *
 * A job that moves at this moment (a promotion, a release, a rescue) can be in no place that one statement sees:
 * it is looked for again until it is ended, held by a worker, or found to have ended before.
 */
export async function endWaiting(
  store: InspectionStore,
  ids: readonly string[],
  status: "canceled" | "deleted",
): Promise<ActionResult[]> {
  const ended = new Set<string>()
  let left: readonly string[] = [...new Set(ids)]
  let statuses: ReadonlyMap<string, Status | null> = new Map()
  for (let look = 0; left.length > 0 && look < mostLooks; look++) {
    for (const id of await store.endWaiting(left, status)) ended.add(id)
    left = left.filter((id) => !ended.has(id))
    const found = left.length > 0 ? await store.findStatuses(left) : new Map<string, Status | null>()
    statuses = new Map([...statuses, ...found])
    left = left.filter((id) => mayStillBeEnded(found, id, status))
  }
  return ids.map((id) => ({
    id,
    done: ended.has(id),
    status: ended.has(id) ? status : statuses.has(id) ? (statuses.get(id) ?? "queued") : "unknown",
  }))
}

/**
 * Ids as callers give them: strings of digits.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function checkIds(ids: unknown): asserts ids is readonly string[] {
  if (!Array.isArray(ids)) throw invalidId(ids)
  for (const id of ids) {
    if (typeof id !== "string" || !/^\d{1,18}$/.test(id) || (id.length > 1 && id.startsWith("0"))) throw invalidId(id)
  }
}

function mayStillBeEnded(
  found: ReadonlyMap<string, Status | null>,
  id: string,
  status: "canceled" | "deleted",
): boolean {
  if (!found.has(id)) return false
  const now = found.get(id) ?? null
  if (now === null || now === "queued" || now === "deferred") return true
  return status === "deleted" && now === "failed" && !isFinal(now)
}

function invalidId(id: unknown): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", `${show(id)} is not the id of a job`, {
    remedy: 'Give ids as enqueue returned them: strings of digits, such as "17".',
  })
}
