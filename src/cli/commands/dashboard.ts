import { type Command, Option } from "commander"
import type { Cli, GlobalOptions } from "../cli.js"
import type { OutputFormat } from "../dashboard/print.js"
import { choiceArgument, intervalArgument, wholeNumberArgument } from "../usage.js"

interface DashboardOptions extends GlobalOptions {
  readonly interval: number
  readonly tail: number
  readonly tableFormat?: OutputFormat
  readonly once?: true
}

const formats: readonly OutputFormat[] = ["grid", "psql", "plain", "markdown", "json"]

export function addDashboardCommand(program: Command, cli: Cli): void {
  program
    .command("dashboard")
    .description("watch the queue: a live screen in a terminal, plain tables into a pipe")
    .addOption(
      new Option("--interval <seconds>", "from one reading to the next")
        .argParser(intervalArgument("--interval", 1_000, 3_600_000))
        .default(10_000, "10"),
    )
    .option("--tail <number>", "so many of the newest rows", wholeNumberArgument("--tail", 1, 1_000), 25)
    .addOption(
      new Option("--table-format <format>", `one of ${formats.join(", ")}`)
        .argParser(choiceArgument("--table-format", formats))
        .default(undefined, "grid; on the live screen no lines"),
    )
    .option("--once", "one reading, then end")
    .action((_options, command: Command) => dashboard(cli, command.optsWithGlobals<DashboardOptions>()))
}

/** What draws is loaded by this command alone. */
async function dashboard(cli: Cli, options: DashboardOptions): Promise<void> {
  const { runDashboard } = await import("../dashboard/run-dashboard.js")
  await runDashboard(cli, {
    connection: options,
    intervalMs: options.interval,
    tail: options.tail,
    format: options.json === true ? "json" : options.tableFormat,
    once: options.once === true,
  })
}
