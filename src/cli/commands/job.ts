import type { Command } from "commander"
import { PgQueuerError } from "../../domain/errors.js"
import type { FailedAttempt, JobRecord, LogLine } from "../../domain/job.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { failureHead, jobFacts, logText } from "../job-facts.js"
import { jobAsJson } from "../job-text.js"
import { oneLine, type Terminal } from "../terminal.js"

export function addJobCommand(program: Command, cli: Cli): void {
  program
    .command("job")
    .description("show one job, its failed attempts and what it logged")
    .argument("<id>", "as queue printed it")
    .action((id: string, _options, command: Command) => job(cli, id, command.optsWithGlobals<GlobalOptions>()))
}

async function job(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const found = await queries.job(id)
    if (found === undefined) {
      throw new PgQueuerError("PGQ_JOB_UNKNOWN", `no job has the id ${id}`, {
        remedy: "List them with: pgq jobs   (or name the right --schema and --prefix)",
      })
    }
    const [failures, logs] = await Promise.all([queries.failures(id), queries.logs(id)])
    if (options.json === true) cli.terminal.printJson({ ...jobAsJson(found), failures, logs })
    else print(cli.terminal, found, failures, logs)
  })
}

function print(
  terminal: Terminal,
  found: JobRecord,
  failures: readonly FailedAttempt[],
  logs: readonly LogLine[],
): void {
  for (const [name, value] of jobFacts(found)) terminal.print(`${name.padEnd(14)} ${oneLine(value)}`)
  for (const failure of failures) printFailure(terminal, failure)
  if (logs.length > 0) terminal.print()
  for (const line of logs) terminal.print(oneLine(logText(line)))
}

function printFailure(terminal: Terminal, failure: FailedAttempt): void {
  terminal.print()
  terminal.print(failureHead(failure))
  for (const line of (failure.traceback ?? failure.error).split("\n")) terminal.print(`  ${oneLine(line)}`)
}
