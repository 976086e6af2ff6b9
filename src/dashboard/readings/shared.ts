import type { Duration } from "../../domain/duration.js"
import type { Site } from "../site.js"

/** What several pages show, read once for all of them and for all who look. */
export const depth = ({ readings, queries }: Site) => readings.share("depth", () => queries.depth())

export const workers = ({ readings, queries }: Site) => readings.share("workers", () => queries.workers())

export const limits = ({ readings, queries }: Site) => readings.share("limits", () => queries.limits())

export const history = ({ readings, queries }: Site, last: Duration) =>
  readings.share(`history ${last}`, () => queries.history({ last }))

export const activity = ({ readings, queries }: Site, last: Duration) =>
  readings.share(`activity ${last}`, () => queries.activity({ last }))

/** Where jobs of all entrypoints together stood, as the workers have measured it. */
export const depthSamples = ({ readings, queries }: Site, last: Duration) =>
  readings.share(`samples ${last}`, async () => {
    const kinds = ["queued", "deferred", "picked", "failed"] as const
    const series = await Promise.all(kinds.map((kind) => queries.samples({ kind, label: "", last })))
    return Object.fromEntries(kinds.map((kind, index) => [kind, series[index]![0]?.points ?? []])) as Readonly<
      Record<(typeof kinds)[number], readonly { readonly at: Date; readonly value: number }[]>
    >
  })
