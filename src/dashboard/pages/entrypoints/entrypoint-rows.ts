import type { EntrypointActivity } from "../../../app/rollups/history.js"
import type { EntrypointLimits } from "../../../ports/operation-store.js"
import type { EntrypointDepth } from "../../../ports/rollup-store.js"

/** What is known of an entrypoint. */
export interface EntrypointRow {
  readonly entrypoint: string
  readonly active: EntrypointActivity | undefined
  readonly standing: EntrypointDepth | undefined
  readonly limits: EntrypointLimits | undefined
}

/** Those with most to do first, now or in the time that was looked at. */
export function entrypointRows(
  active: readonly EntrypointActivity[],
  standing: readonly EntrypointDepth[],
  rules: readonly EntrypointLimits[] = [],
): readonly EntrypointRow[] {
  const [activities, depths, limitsOf] = [byName(active), byName(standing), byName(rules)]
  return [...new Set([...activities.keys(), ...depths.keys(), ...limitsOf.keys()])]
    .map((entrypoint) => ({
      entrypoint,
      active: activities.get(entrypoint),
      standing: depths.get(entrypoint),
      limits: limitsOf.get(entrypoint),
    }))
    .sort((a, b) => weight(b) - weight(a) || a.entrypoint.localeCompare(b.entrypoint))
}

export function failuresOf(active: EntrypointActivity | undefined): number {
  return active === undefined ? 0 : active.ended.exception + active.ended.failed
}

function byName<T extends { readonly entrypoint: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.entrypoint, one]))
}

function weight({ active, standing }: EntrypointRow): number {
  return (active?.run.count ?? 0) + (standing?.queued.count ?? 0) + (standing?.picked.count ?? 0)
}
