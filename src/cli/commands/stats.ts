import type { Command } from "commander"
import type { OutcomeCount, QueueSize } from "../../ports/job-store.js"
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
    const [queue, outcomes] = await Promise.all([queries.queueSize(), queries.statistics({ since: options.since })])
    if (options.json === true) return terminal.printJson({ queue, outcomes, sinceMs: options.since })
    if (queue.length === 0) terminal.print("No unfinished jobs.")
    else terminal.printTable(queueColumns, queue)
    terminal.print()
    const since = milliseconds(options.since)
    if (outcomes.length === 0) return terminal.print(`No job ended in the last ${since}.`)
    terminal.print(`Ended in the last ${since}:`)
    terminal.printTable(outcomeColumns, outcomes)
  })
}

const queueColumns: readonly Column<QueueSize>[] = [
  { head: "ENTRYPOINT", flexible: true, value: (size) => size.entrypoint },
  { head: "STATUS", value: (size) => size.status },
  { head: "JOBS", align: "right", value: (size) => String(size.count) },
]

const outcomeColumns: readonly Column<OutcomeCount>[] = [
  { head: "ENTRYPOINT", flexible: true, value: (count) => count.entrypoint },
  { head: "STATUS", value: (count) => count.status },
  { head: "JOBS", align: "right", value: (count) => String(count.count) },
  { head: "MEAN RUN", align: "right", value: (count) => milliseconds(count.meanRunMs) },
  { head: "LONGEST", align: "right", value: (count) => milliseconds(count.longestRunMs) },
]
