import type { Command } from "commander"
import type { DrainResult } from "../../app/drain-workers.js"
import type { WorkerRecord } from "../../ports/operation-store.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { milliseconds, time } from "../job-text.js"
import type { Column } from "../terminal.js"
import { unknownCommand } from "../usage.js"

interface WorkersOptions extends GlobalOptions {
  readonly all?: true
}

export function addWorkersCommand(program: Command, cli: Cli): void {
  const workers = program.command("workers").description("list the workers, or drain some")
  workers
    .command("list", { isDefault: true })
    .description("those that run, what they hold and how long ago they gave a sign of life")
    .option("--all", "also those that stopped within the last week")
    .allowExcessArguments()
    .action((_options, command: Command) => {
      if (command.args.length > 0) throw unknownCommand(workers, command.args[0]!)
      return list(cli, command.optsWithGlobals<WorkersOptions>())
    })
  workers
    .command("drain")
    .description("ask these to take no more jobs and to end, as a signal would")
    .argument("<id...>", "ids of workers")
    .action((ids: string[], _options, command: Command) => drain(cli, ids, command.optsWithGlobals<GlobalOptions>()))
}

async function list(cli: Cli, options: WorkersOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const found = await queries.workers({ all: options.all === true })
    if (options.json === true) return cli.terminal.printJson(found)
    if (found.length > 0) return cli.terminal.printTable(columns, found)
    cli.terminal.note(options.all === true ? "No worker ran within the last week." : "No worker runs.")
  })
}

async function drain(cli: Cli, ids: readonly string[], options: GlobalOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const results = await queries.drainWorkers(ids)
    if (results.some(({ done }) => !done)) cli.exitCode = 1
    if (options.json === true) return cli.terminal.printJson(results)
    for (const result of results) cli.terminal.print(`${result.id} ${sentence(result)}`)
  })
}

function sentence(result: DrainResult): string {
  if (result.done) return "is asked to drain"
  return result.reason === "stopped" ? "not drained: it has stopped" : "not drained: no worker has this id"
}

const columns: readonly Column<WorkerRecord>[] = [
  { head: "ID", align: "right", value: ({ id }) => id },
  { head: "STATE", value: ({ state }) => state },
  { head: "HOST", flexible: true, value: ({ host }) => host },
  { head: "PID", align: "right", value: ({ pid }) => String(pid) },
  { head: "VERSION", value: ({ version }) => version },
  { head: "STARTED", value: ({ startedAt }) => time(startedAt) },
  { head: "HEARTBEAT", value: ({ silentMs }) => `${milliseconds(silentMs)} ago` },
  { head: "HOLDS", value: ({ holds }) => holdsText(holds) },
  { head: "ENTRYPOINTS", flexible: true, value: ({ entrypoints }) => entrypoints.join(", ") },
]

function holdsText(holds: WorkerRecord["holds"]): string {
  return Object.entries(holds)
    .map(([entrypoint, count]) => `${count} ${entrypoint}`)
    .join(", ")
}
