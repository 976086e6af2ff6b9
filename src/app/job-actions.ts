import { PgQueuerError } from "../domain/errors.js"
import { anyValue, checkOptions, show, wholeNumber } from "../domain/options.js"
import type { Status } from "../domain/status.js"
import type { ActionStore, When } from "../ports/job-store.js"
import { type JobOptions, parseWhen } from "./parse-enqueue.js"

/** What a call did to one job. */
export interface ActionResult {
  readonly id: string
  /** Whether the call did what it says; of a job that runs (`picked`), that `cancel` has asked its worker to stop it. */
  readonly done: boolean
  /** Where the job stands now; `unknown` when no job has this id. */
  readonly status: Status | "unknown"
}

/** What a waiting job is given; what is left out stays as it is. */
export interface RescheduleOptions {
  /** Not before: a duration from now, a Date, or an ISO 8601 string with a zone. A time in the past means now. */
  readonly executeAfter?: JobOptions["executeAfter"]
  /** -2147483648 to 2147483647, higher first. */
  readonly priority?: number
}

/** A job in motion is in its new place within the time of a statement. */
const mostLooks = 50

/** Ends jobs that wait, and asks the workers that hold the others to stop them. */
export function cancelJobs(store: ActionStore, ids: readonly string[]): Promise<ActionResult[]> {
  return act(store, ids, ["queued", "deferred", "picked"], async (left) => {
    const ended = await store.endWaiting(left, "canceled")
    const done = new Map<string, Status>(ended.map((id) => [id, "canceled"]))
    const held = left.filter((id) => !done.has(id))
    if (held.length > 0) for (const id of await store.stopClaimed(held)) done.set(id, "picked")
    return done
  })
}

/**
 * Ends jobs that wait or are held.
 *
 * @param replacements - by id, the job that takes the place of each
 */
export function deleteJobs(
  store: ActionStore,
  ids: readonly string[],
  replacements?: ReadonlyMap<string, string>,
): Promise<ActionResult[]> {
  return act(store, ids, ["queued", "deferred", "failed"], async (left) => {
    const ended = await store.endWaiting(left, "deleted", replacements && left.map((id) => replacements.get(id)!))
    return new Map(ended.map((id) => [id, "deleted"]))
  })
}

/** Gives jobs that wait another time, another priority, or both. */
export function rescheduleJobs(
  store: ActionStore,
  ids: readonly string[],
  { executeAfter, priority = null }: Reschedule,
): Promise<ActionResult[]> {
  return act(store, ids, ["queued", "deferred"], (left) => store.rescheduleWaiting(left, executeAfter, priority))
}

/** Puts jobs that are held as failed back into line. */
export function requeueJobs(store: ActionStore, ids: readonly string[]): Promise<ActionResult[]> {
  return act(store, ids, ["failed"], async (left) => {
    return new Map((await store.requeueHeld(left)).map((id) => [id, "queued"]))
  })
}

export interface Reschedule {
  readonly executeAfter: When | null
  readonly priority?: number | null | undefined
}

/** @throws PgQueuerError `PGQ_OPTION_INVALID`, also when nothing is to be changed */
export function parseReschedule(options: unknown): Reschedule {
  checkOptions("reschedule", options, {
    executeAfter: anyValue,
    priority: wholeNumber(-2_147_483_648, 2_147_483_647),
  })
  const { executeAfter, priority } = (options ?? {}) as RescheduleOptions
  if (executeAfter === undefined && priority === undefined) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", "reschedule was given nothing to change", {
      remedy: "Give executeAfter, priority, or both.",
    })
  }
  return { executeAfter: parseWhen("executeAfter", executeAfter), priority }
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

/**
 * Acts on jobs where it finds them, and says of each id what became of it.
 *
 * A job that moves at this moment (a claim, a promotion, a release, a rescue) can be in no place that one statement sees: it
 * is looked for again, in a new statement, until it was acted on or stands where the action does not reach.
 */
async function act(
  store: ActionStore,
  ids: readonly string[],
  reach: readonly Status[],
  take: (left: readonly string[]) => Promise<ReadonlyMap<string, Status>>,
): Promise<ActionResult[]> {
  const done = new Map<string, Status>()
  const elsewhere = new Map<string, Status | "unknown">()
  let left: readonly string[] = [...new Set(ids)]
  for (let look = 0; left.length > 0 && look < mostLooks; look++) {
    for (const [id, status] of await take(left)) done.set(id, status)
    left = left.filter((id) => !done.has(id))
    if (left.length === 0) break
    const found = await store.findStatuses(left)
    for (const id of left) elsewhere.set(id, found.has(id) ? (found.get(id) ?? "queued") : "unknown")
    left = left.filter((id) => reach.includes(elsewhere.get(id) as Status))
  }
  return ids.map((id) => ({ id, done: done.has(id), status: done.get(id) ?? elsewhere.get(id)! }))
}

function invalidId(id: unknown): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", `${show(id)} is not the id of a job`, {
    remedy: 'Give ids as enqueue returned them: strings of digits, such as "17".',
  })
}
