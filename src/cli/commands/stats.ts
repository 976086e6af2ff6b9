import type { Command } from "commander"
import type { EntrypointActivity } from "../../app/rollups/history.js"
import type { Count, EntrypointDepth } from "../../ports/rollup-store.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { milliseconds } from "../job-text.js"
import type { Column } from "../terminal.js"
import { durationArgument } from "../usage.js"

interface StatsOptions extends GlobalOptions {
  readonly since: number
}

export function addStatsCommand(program: Command, cli: Cli): void {
  program
    .command("stats")
    .description("how many jobs wait and run, and how jobs ended")
    .option("--since <duration>", "count ends of the last so long", durationArgument("--since"), 3_600_000)
    .action((_options, command: Command) => stats(cli, command.optsWithGlobals<StatsOptions>()))
}

async function stats(cli: Cli, options: StatsOptions): Promise<void> {
  const { terminal } = cli
  await withQueries(options, async ({ queries }) => {
    const [depth, activity] = await Promise.all([queries.depth(), queries.activity({ last: options.since })])
    if (options.json === true) return terminal.printJson({ queue: depth, ended: activity, sinceMs: options.since })
    const places = depth.entrypoints.flatMap(placesOf)
    if (places.length === 0) terminal.print("No unfinished jobs.")
    else terminal.printTable(placeColumns, places)
    if (depth.others > 0) terminal.print(`… and ${depth.others} more entrypoints`)
    if (!depth.exact) terminal.print("~ estimated: many jobs are there, and not all were counted")
    terminal.print()
    const since = milliseconds(options.since)
    if (activity.length === 0) return terminal.print(`No job ended in the last ${since}.`)
    terminal.print(`Ended in the last ${since}:`)
    terminal.printTable(activityColumns, activity)
  })
}

interface Place {
  readonly entrypoint: string
  readonly status: string
  readonly jobs: Count
  readonly oldestWaitMs: number | null
}

function placesOf({ entrypoint, oldestWaitMs, ...places }: EntrypointDepth): Place[] {
  return (["queued", "deferred", "picked", "failed"] as const)
    .map((status) => ({
      entrypoint,
      status,
      jobs: places[status],
      oldestWaitMs: status === "queued" ? oldestWaitMs : null,
    }))
    .filter(({ jobs }) => jobs.count > 0)
}

const placeColumns: readonly Column<Place>[] = [
  { head: "ENTRYPOINT", flexible: true, value: (place) => place.entrypoint },
  { head: "STATUS", value: (place) => place.status },
  { head: "JOBS", align: "right", value: ({ jobs }) => `${jobs.exact ? "" : "~"}${jobs.count}` },
  { head: "OLDEST", align: "right", value: (place) => milliseconds(place.oldestWaitMs) },
]

const activityColumns: readonly Column<EntrypointActivity>[] = [
  { head: "ENTRYPOINT", flexible: true, value: (activity) => activity.entrypoint },
  ...(["successful", "exception", "failed", "canceled", "deleted"] as const).map((status) => ({
    head: status.toUpperCase(),
    align: "right" as const,
    value: ({ ended }: EntrypointActivity) => nonZero(ended[status]),
  })),
  { head: "RETRIED", align: "right", value: (activity) => nonZero(activity.retried) },
  { head: "WAIT P50", align: "right", value: ({ wait }) => milliseconds(wait.p50Ms) },
  { head: "P95", align: "right", value: ({ wait }) => milliseconds(wait.p95Ms) },
  { head: "RUN P50", align: "right", value: ({ run }) => milliseconds(run.p50Ms) },
  { head: "P95", align: "right", value: ({ run }) => milliseconds(run.p95Ms) },
]

function nonZero(count: number): string {
  return count === 0 ? "" : String(count)
}
