import type { Depth, Sample } from "../../ports/rollup-store.js"

/** So many entrypoints are kept by name, those with most jobs. */
const mostEntrypoints = 200

/** What is worth keeping of a moment: where jobs stand, by entrypoint and of all (`""`), and how large the tables are. */
export function takeSamples(
  { entrypoints }: Depth,
  tables: readonly { readonly table: string; readonly bytes: number; readonly deadRows: number }[],
): Sample[] {
  const places = ["queued", "deferred", "picked", "failed"] as const
  const longestWaitMs = Math.max(0, ...entrypoints.map(({ oldestWaitMs }) => oldestWaitMs ?? 0))
  return [
    ...places.map((kind) => {
      const value = entrypoints.reduce((sum, depth) => sum + depth[kind].count, 0)
      return { kind, label: "", value }
    }),
    { kind: "oldest-wait", label: "", value: longestWaitMs },
    ...entrypoints
      .slice(0, mostEntrypoints)
      .flatMap((depth): Sample[] => [
        ...places.map((kind) => ({ kind, label: depth.entrypoint, value: depth[kind].count })),
        { kind: "oldest-wait", label: depth.entrypoint, value: depth.oldestWaitMs ?? 0 },
      ]),
    ...tables.flatMap(({ table, bytes, deadRows }): Sample[] => [
      { kind: "table-bytes", label: table, value: bytes },
      { kind: "dead-rows", label: table, value: deadRows },
    ]),
  ]
}
