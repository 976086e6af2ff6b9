import { graphileWorker } from "./systems/graphile-worker.ts"
import { ours } from "./systems/ours.ts"
import type { System } from "./systems/system.ts"

/** In the order in which a round runs them. */
export const systems: ReadonlyMap<string, System> = new Map(
  [ours, graphileWorker].map((system) => [system.name, system]),
)
