import type { Command } from "commander"
import { type FailureGroup, failureGroupFacts, groupFailures } from "../../app/failure-groups.js"
import type { JobRecord } from "../../domain/job.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { jobAsJson, time } from "../job-text.js"
import { openRecentStore } from "../recent-store.js"
import type { Column } from "../terminal.js"
import { usageError, wholeNumberArgument } from "../usage.js"

interface FailedOptions extends GlobalOptions {
  readonly entrypoint?: string
  readonly limit: number
  readonly after?: string
  readonly byError?: true
}

/** Failed attempts that are looked at for kinds of errors. */
const mostFailures = 10_000

export function addFailedCommand(program: Command, cli: Cli): void {
  program
    .command("failed")
    .description("list the failed jobs that are held for a decision: requeue or delete them")
    .option("--entrypoint <name>", "only of this entrypoint")
    .option("--limit <number>", "at most so many", wholeNumberArgument("--limit", 1, 10_000), 50)
    .option("--after <id>", "the next page: the last id of the page before")
    .option("--by-error", "one line for those of an entrypoint whose errors differ in numbers and ids only")
    .action((_options, command: Command) => {
      const options = command.optsWithGlobals<FailedOptions>()
      return options.byError === true ? failedByError(cli, options) : failed(cli, options)
    })
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

/** The most frequent first. What failed before the newest attempts that are looked at is not among them. */
async function failedByError(cli: Cli, options: FailedOptions): Promise<void> {
  const { entrypoint, limit, after } = options
  if (after !== undefined) throw usageError("--by-error has no pages", "Leave --after out.")
  await withQueries(options, async ({ driver, placement }) => {
    const groups = groupFailures(await openRecentStore(driver, placement).listFailures(mostFailures))
      .filter((group) => group.held > 0 && (entrypoint === undefined || group.entrypoint === entrypoint))
      .sort((a, b) => b.held - a.held)
      .slice(0, limit)
    if (options.json === true) return cli.terminal.printJson(groups.map(failureGroupFacts))
    if (groups.length === 0) return cli.terminal.note("No failed jobs are held.")
    cli.terminal.printTable(groupColumns, groups)
  })
}

const groupColumns: readonly Column<FailureGroup>[] = [
  { head: "HELD", align: "right", value: ({ held }) => String(held) },
  { head: "ENTRYPOINT", flexible: true, value: ({ entrypoint }) => entrypoint },
  { head: "LAST", value: ({ lastAt }) => time(lastAt) },
  { head: "NEWEST ID", align: "right", value: ({ ids }) => ids[0] ?? "" },
  { head: "ERROR", flexible: true, value: ({ error }) => error },
]

const columns: readonly Column<JobRecord>[] = [
  { head: "ID", align: "right", value: (job) => job.id },
  { head: "ENTRYPOINT", flexible: true, value: (job) => job.entrypoint },
  { head: "TRY", align: "right", value: (job) => String(job.attempt) },
  { head: "FAILED", value: (job) => time(job.finishedAt) },
  { head: "ERROR", flexible: true, value: (job) => job.error ?? "" },
]
