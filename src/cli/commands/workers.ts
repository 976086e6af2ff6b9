import type { Command } from "commander"
import type { WorkerRecord } from "../../ports/operation-store.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { milliseconds, time } from "../job-text.js"
import type { Column } from "../terminal.js"

interface WorkersOptions extends GlobalOptions {
  readonly all?: true
}

export function addWorkersCommand(program: Command, cli: Cli): void {
  program
    .command("workers")
    .description("list the workers that run, what they hold and how long ago they gave a sign of life")
    .option("--all", "also those that stopped within the last week")
    .action((_options, command: Command) => workers(cli, command.optsWithGlobals<WorkersOptions>()))
}

async function workers(cli: Cli, options: WorkersOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const found = await queries.workers({ all: options.all === true })
    if (options.json === true) return cli.terminal.printJson(found)
    if (found.length > 0) return cli.terminal.printTable(columns, found)
    cli.terminal.note(options.all === true ? "No worker ran within the last week." : "No worker runs.")
  })
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
