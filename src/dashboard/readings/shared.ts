import { readWholeDepth } from "../../app/rollups/depth.js"
import { readEnds } from "../../app/rollups/history.js"
import type { Duration } from "../../domain/duration.js"
import type { Site } from "../site.js"
import { findJobPage } from "./job-page.js"

/** What several pages show, read once for all of them and for all who look. */
export const depth = ({ readings, rollups }: Site) => readings.share("depth", () => readWholeDepth(rollups))

export const workers = ({ readings, queries }: Site) => readings.share("workers", () => queries.workers())

export const limits = ({ readings, queries }: Site) => readings.share("limits", () => queries.limits())

/** Of an entrypoint, or of all together. */
export const history = ({ readings, queries }: Site, last: Duration, entrypoint?: string) =>
  readings.share(`history ${last} ${entrypoint ?? ""}`, () =>
    queries.history({ last, ...(entrypoint === undefined ? {} : { entrypoint }) }),
  )

/** How jobs of each entrypoint ended. */
export const ends = ({ readings, rollups }: Site, last: Duration) =>
  readings.share(`ends ${last}`, () => readEnds(rollups, last))

/** How jobs ended, ran and waited, of some entrypoints only: of those on a page. */
export const activityOf = ({ readings, queries }: Site, last: Duration, entrypoints: readonly string[]) =>
  readings.share(`activity ${last} ${entrypoints.join("\n")}`, () => queries.activity({ last, entrypoints }))

/** Every entrypoint of which something ever ended, with how many jobs. */
export const everEnded = ({ readings, rollups }: Site) => readings.share("ever ended", () => rollups.listEnded())

/** Where jobs of an entrypoint stood, or of all together, as the workers have measured it. */
export const depthSamples = ({ readings, queries }: Site, last: Duration, entrypoint = "") =>
  readings.share(`samples ${last} ${entrypoint}`, async () => {
    const kinds = ["queued", "deferred", "picked", "failed"] as const
    const series = await Promise.all(kinds.map((kind) => queries.samples({ kind, label: entrypoint, last })))
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

/** The newest few jobs of an entrypoint that failed for good, held or not. */
export const recentFailures = (site: Site, entrypoint: string) =>
  site.readings.share(`failures of ${entrypoint}`, async () => {
    const both = await Promise.all(
      (["exception", "failed"] as const).map((status) =>
        findJobPage(site, { order: "newest", status, entrypoint }, mostRecent),
      ),
    )
    return both
      .flatMap(({ jobs }) => jobs)
      .sort((a, b) => Number(b.id) - Number(a.id))
      .slice(0, mostRecent)
  })

const mostRecent = 8
