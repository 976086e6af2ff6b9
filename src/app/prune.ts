import { type Duration, toMilliseconds } from "../domain/duration.js"
import { PgQueuerError } from "../domain/errors.js"
import { checkEntrypoint } from "../domain/names.js"
import { aBoolean, anyValue, checkOptions, show } from "../domain/options.js"
import { type FinalStatus, finalStatuses, type Retention, resolveRetention } from "../domain/retention.js"
import type { PruneCount, RetentionStore } from "../ports/retention-store.js"

export interface PruneOptions {
  /** Jobs whose end is older than this; without it as old as retention has it: the entrypoint's own ages, else the defaults. */
  readonly olderThan?: Duration
  /** Only ends of these statuses; default all four. */
  readonly statuses?: readonly FinalStatus[]
  /** Only jobs of these entrypoints; default all. */
  readonly entrypoints?: readonly string[]
  /** Counts what would be removed, and removes nothing. */
  readonly dryRun?: boolean
}

const step = { readAtMost: 20_000, removeAtMost: 10_000 }

/**
 * Removes the history of ended jobs in steps of at most 10,000, each a transaction of its own.
 *
 * @returns how many were removed, by entrypoint and status
 * @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID`
 */
export async function prune(store: RetentionStore, options: PruneOptions = {}): Promise<readonly PruneCount[]> {
  checkOptions("prune", options, pruneChecks)
  const { olderThan, statuses = finalStatuses, entrypoints, dryRun = false } = options
  checkStatuses(statuses)
  for (const entrypoint of entrypoints ?? []) checkEntrypoint(entrypoint)
  const ages = agesOf(statuses, olderThan)
  const totals = new Map<string, PruneCount>()
  for (let after: string | null = "0"; after !== null; ) {
    const { counts, next } = await store.prune({
      ...step,
      after,
      ages,
      ownAges: olderThan === undefined,
      entrypoints: entrypoints ?? null,
      dryRun,
    })
    for (const { entrypoint, status, count } of counts) {
      const key = `${status} ${entrypoint}`
      totals.set(key, { entrypoint, status, count: count + (totals.get(key)?.count ?? 0) })
    }
    after = next
  }
  return [...totals.values()]
}

function agesOf(statuses: readonly FinalStatus[], olderThan: Duration | undefined): Partial<Retention> {
  const usual = resolveRetention()
  const age = olderThan === undefined ? undefined : toMilliseconds(olderThan, "olderThan")
  return Object.fromEntries(statuses.map((status) => [status, age ?? usual[status]]))
}

function checkStatuses(statuses: readonly unknown[]): void {
  const wrong = Array.isArray(statuses)
    ? statuses.find((status) => !finalStatuses.includes(status as FinalStatus))
    : statuses
  if (wrong === undefined) return
  throw new PgQueuerError("PGQ_OPTION_INVALID", `prune: ${show(wrong)} is not the status of a job that has ended`, {
    remedy: `Give an array of ${finalStatuses.join(", ")}.`,
  })
}

const pruneChecks = { olderThan: anyValue, statuses: anyValue, entrypoints: anyValue, dryRun: aBoolean }
