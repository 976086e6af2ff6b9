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

interface Known {
  readonly active: readonly EntrypointActivity[]
  readonly standing: readonly EntrypointDepth[]
  readonly limits: readonly EntrypointLimits[]
}

/** A row for each name, in their order. */
export function rowsOf(names: readonly string[], { active, standing, limits }: Known): readonly EntrypointRow[] {
  const [activities, depths, limitsOf] = [byName(active), byName(standing), byName(limits)]
  return names.map((entrypoint) => ({
    entrypoint,
    active: activities.get(entrypoint),
    standing: depths.get(entrypoint),
    limits: limitsOf.get(entrypoint),
  }))
}

/** Each name once; those with most to do now first, then those of which most has ended. */
export function busiestFirst(
  names: Iterable<string>,
  standing: readonly EntrypointDepth[],
  ended: ReadonlyMap<string, number>,
): readonly string[] {
  const weights = new Map(standing.map((one) => [one.entrypoint, one.queued.count + one.picked.count]))
  const weight = (name: string) => (weights.get(name) ?? 0) + (ended.get(name) ?? 0)
  return [...new Set(names)]
    .map((name) => ({ name, weight: weight(name) }))
    .sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name)
}

export function failuresOf(active: EntrypointActivity | undefined): number {
  return active === undefined ? 0 : active.ended.exception + active.ended.failed
}

function byName<T extends { readonly entrypoint: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.entrypoint, one]))
}
