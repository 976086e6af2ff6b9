import type { Command } from "commander"
import { type FinalStatus, finalStatuses } from "../../domain/retention.js"
import type { PruneCount } from "../../ports/retention-store.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import type { Column } from "../terminal.js"
import { choiceArgument, durationArgument, listArgument } from "../usage.js"

interface PruneOptions extends GlobalOptions {
  readonly olderThan?: number
  readonly status?: readonly FinalStatus[]
  readonly entrypoint?: readonly string[]
  readonly dryRun?: true
}

export function addPruneCommand(program: Command, cli: Cli): void {
  program
    .command("prune")
    .description("remove ended jobs by age; without options those that the workers would remove")
    .option("--older-than <duration>", "since their end", durationArgument("--older-than"))
    .option("--status <statuses>", `of ${finalStatuses.join(", ")}: a,b`, statusesArgument)
    .option("--entrypoint <names>", "only of these entrypoints: a,b", listArgument("--entrypoint"))
    .option("--dry-run", "count them, and remove nothing")
    .action((_options, command: Command) => prune(cli, command.optsWithGlobals<PruneOptions>()))
}

async function prune(cli: Cli, options: PruneOptions): Promise<void> {
  const { terminal } = cli
  const { olderThan, status: statuses, entrypoint: entrypoints, dryRun = false } = options
  await withQueries(options, async ({ queries }) => {
    const counts = await queries.prune({
      dryRun,
      ...(olderThan === undefined ? {} : { olderThan }),
      ...(statuses === undefined ? {} : { statuses }),
      ...(entrypoints === undefined ? {} : { entrypoints }),
    })
    const total = counts.reduce((sum, { count }) => sum + count, 0)
    if (options.json === true) return terminal.printJson({ removed: dryRun ? 0 : total, found: total, dryRun, counts })
    if (counts.length > 0) terminal.printTable(columns, counts)
    terminal.note(sentence(total, dryRun))
  })
}

function sentence(total: number, dryRun: boolean): string {
  if (total === 0) return "No job ended that long ago."
  const jobs = total === 1 ? "1 job" : `${total.toLocaleString("en")} jobs`
  return dryRun ? `${jobs} would be removed. Nothing was.` : `${jobs} removed.`
}

function statusesArgument(text: string): FinalStatus[] {
  return listArgument("--status")(text).map(choiceArgument("--status", finalStatuses))
}

const columns: readonly Column<PruneCount>[] = [
  { head: "ENTRYPOINT", flexible: true, value: ({ entrypoint }) => entrypoint },
  { head: "STATUS", value: ({ status }) => status },
  { head: "JOBS", align: "right", value: ({ count }) => String(count) },
]
