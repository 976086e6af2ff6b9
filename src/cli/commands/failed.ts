import type { Command } from "commander"
import type { JobRecord } from "../../domain/job.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { jobAsJson, time } from "../job-text.js"
import type { Column } from "../terminal.js"
import { wholeNumberArgument } from "../usage.js"

interface FailedOptions extends GlobalOptions {
  readonly entrypoint?: string
  readonly limit: number
  readonly after?: string
}

export function addFailedCommand(program: Command, cli: Cli): void {
  program
    .command("failed")
    .description("list the failed jobs that are held for a decision: requeue or delete them")
    .option("--entrypoint <name>", "only of this entrypoint")
    .option("--limit <number>", "at most so many", wholeNumberArgument("--limit", 1, 10_000), 50)
    .option("--after <id>", "the next page: the last id of the page before")
    .action((_options, command: Command) => failed(cli, command.optsWithGlobals<FailedOptions>()))
}

async function failed(cli: Cli, options: FailedOptions): Promise<void> {
  const { entrypoint, limit, after } = options
  await withQueries(options, async ({ queries }) => {
    const found = await queries.jobs({
      status: "failed",
      limit,
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(after === undefined ? {} : { after }),
    })
    if (options.json === true) return cli.terminal.printJson(found.map(jobAsJson))
    if (found.length === 0) return cli.terminal.note("No failed jobs are held.")
    cli.terminal.printTable(columns, found)
    if (found.length === limit) cli.terminal.note(`More: --after ${found.at(-1)?.id}`)
  })
}

const columns: readonly Column<JobRecord>[] = [
  { head: "ID", align: "right", value: (job) => job.id },
  { head: "ENTRYPOINT", flexible: true, value: (job) => job.entrypoint },
  { head: "TRY", align: "right", value: (job) => String(job.attempt) },
  { head: "FAILED", value: (job) => time(job.finishedAt) },
  { head: "ERROR", flexible: true, value: (job) => job.error ?? "" },
]
