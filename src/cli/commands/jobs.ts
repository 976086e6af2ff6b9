import { type Command, Option } from "commander"
import type { JobRecord } from "../../domain/job.js"
import { type Status, statuses } from "../../domain/status.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { jobAsJson, time } from "../job-text.js"
import type { Column } from "../terminal.js"
import { choiceArgument, wholeNumberArgument } from "../usage.js"

interface JobsOptions extends GlobalOptions {
  readonly status?: Status
  readonly entrypoint?: string
  readonly limit: number
  readonly after?: string
}

export function addJobsCommand(program: Command, cli: Cli): void {
  program
    .command("jobs")
    .description("list jobs, newest first")
    .addOption(
      new Option("--status <status>", `one of ${statuses.join(", ")}`).argParser(choiceArgument("--status", statuses)),
    )
    .option("--entrypoint <name>", "only of this entrypoint")
    .option("--limit <number>", "at most so many", wholeNumberArgument("--limit", 1, 10_000), 50)
    .option("--after <id>", "the next page: the last id of the page before")
    .action((_options, command: Command) => jobs(cli, command.optsWithGlobals<JobsOptions>()))
}

async function jobs(cli: Cli, options: JobsOptions): Promise<void> {
  const { status, entrypoint, limit, after } = options
  await withQueries(options, async ({ queries }) => {
    const found = await queries.jobs({
      limit,
      ...(status === undefined ? {} : { status }),
      ...(entrypoint === undefined ? {} : { entrypoint }),
      ...(after === undefined ? {} : { after }),
    })
    if (options.json === true) return cli.terminal.printJson(found.map(jobAsJson))
    if (found.length === 0) return cli.terminal.note("No such jobs.")
    cli.terminal.printTable(found.some((job) => job.error !== null) ? [...columns, errorColumn] : columns, found)
    if (found.length === limit) cli.terminal.note(`More: --after ${found.at(-1)?.id}`)
  })
}

const columns: readonly Column<JobRecord>[] = [
  { head: "ID", align: "right", value: (job) => job.id },
  { head: "ENTRYPOINT", flexible: true, value: (job) => job.entrypoint },
  { head: "STATUS", value: (job) => job.status },
  { head: "PRIO", align: "right", value: (job) => String(job.priority) },
  { head: "TRY", align: "right", value: (job) => String(job.attempt) },
  { head: "CREATED", value: (job) => time(job.createdAt) },
]

const errorColumn: Column<JobRecord> = { head: "ERROR", flexible: true, value: (job) => job.error ?? "" }
