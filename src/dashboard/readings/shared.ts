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

export const allWorkers = ({ readings, queries }: Site) =>
  readings.share("all workers", () => queries.workers({ all: true }))

export const schedules = ({ readings, queries }: Site) => readings.share("schedules", () => queries.schedules())

export const diagnosis = ({ readings, queries }: Site) => readings.share("diagnosis", () => queries.doctor())

/** Of each table, as the workers have measured it. */
export const tableSamples = ({ readings, queries }: Site, kind: "table-bytes" | "dead-rows", last: Duration) =>
  readings.share(`${kind} ${last}`, () => queries.samples({ kind, last }))

/** The newest jobs that failed for good, held or not. */
export const latestFailures = ({ readings, queries }: Site) =>
  readings.share("failures", async () => {
    const both = await Promise.all([
      queries.jobs({ status: "failed", limit: mostFailures }),
      queries.jobs({ status: "exception", limit: mostFailures }),
    ])
    return both.flat()
  })

const mostFailures = 250
