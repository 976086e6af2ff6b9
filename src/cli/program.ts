import { Command, CommanderError } from "commander"
import { PgQueuerError } from "../domain/errors.js"
import { packageVersion } from "../version.js"
import type { Cli } from "./cli.js"
import { addCancelCommand } from "./commands/cancel.js"
import { addDashboardCommand } from "./commands/dashboard.js"
import { addDeleteCommand } from "./commands/delete.js"
import { addDemoCommand } from "./commands/demo.js"
import { addDoctorCommand } from "./commands/doctor.js"
import { addExplainCommand } from "./commands/explain.js"
import { addFailedCommand } from "./commands/failed.js"
import { addInstallCommand } from "./commands/install.js"
import { addJobCommand } from "./commands/job.js"
import { addJobsCommand } from "./commands/jobs.js"
import { addLimitsCommand } from "./commands/limits.js"
import { addListenCommand } from "./commands/listen.js"
import { addMcpCommand } from "./commands/mcp.js"
import { addMetricsCommand } from "./commands/metrics.js"
import { addPauseCommand, addResumeCommand } from "./commands/pause.js"
import { addPruneCommand } from "./commands/prune.js"
import { addQueueCommand } from "./commands/queue.js"
import { addRequeueCommand } from "./commands/requeue.js"
import { addRescheduleCommand } from "./commands/reschedule.js"
import { addRunCommand } from "./commands/run.js"
import { addSchedulesCommand } from "./commands/schedules.js"
import { addStatsCommand } from "./commands/stats.js"
import { addUninstallCommand } from "./commands/uninstall.js"
import { addUpgradeCommand } from "./commands/upgrade.js"
import { addVerifyCommand } from "./commands/verify.js"
import { addWebCommand } from "./commands/web.js"
import { addWorkersCommand } from "./commands/workers.js"
import { exitCodeOf, failureText } from "./failure.js"
import { Terminal } from "./terminal.js"

/** Runs `pgq` with these arguments; answers with the exit code once all output is out. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const cli: Cli = { terminal: new Terminal(process.stdout, process.stderr), exitCode: 0 }
  const program = makeProgram(cli)
  try {
    await program.parseAsync(args, { from: "user" })
  } catch (error) {
    cli.exitCode = report(cli, program, args, error)
  }
  await cli.terminal.flush()
  return cli.exitCode
}

function makeProgram(cli: Cli): Command {
  const program = new Command("pgq")
    .description("A job queue in your PostgreSQL.")
    .version(packageVersion)
    .option("--dsn <url>", "the database, postgres://user@host:port/database (default: DATABASE_URL, PGHOST …)")
    .option("--embedded", "the PostgreSQL of this folder, its data in .pgqueuer/: started, or joined where it runs")
    .option("--schema <name>", "where the tables are (default: PGQUEUER_SCHEMA, else pgqueuer)")
    .option("--prefix <name>", "before every name in the schema (default: PGQUEUER_PREFIX, else none)")
    .option("--json", "print JSON")
    .option("--debug", "print stacks, and log more")
    .configureHelp({ showGlobalOptions: true, subcommandTerm: termOf })
    // What commander has to say is said in one place, with a code.
    .configureOutput({ outputError: () => {} })
    .exitOverride()
  addInstallCommand(program, cli)
  addUpgradeCommand(program, cli)
  addUninstallCommand(program, cli)
  addVerifyCommand(program, cli)
  addRunCommand(program, cli)
  addDashboardCommand(program, cli)
  addQueueCommand(program, cli)
  addJobsCommand(program, cli)
  addJobCommand(program, cli)
  addFailedCommand(program, cli)
  addRequeueCommand(program, cli)
  addCancelCommand(program, cli)
  addExplainCommand(program, cli)
  addRescheduleCommand(program, cli)
  addDeleteCommand(program, cli)
  addPauseCommand(program, cli)
  addResumeCommand(program, cli)
  addLimitsCommand(program, cli)
  addWorkersCommand(program, cli)
  addSchedulesCommand(program, cli)
  addListenCommand(program, cli)
  addPruneCommand(program, cli)
  addStatsCommand(program, cli)
  addDoctorCommand(program, cli)
  addMetricsCommand(program, cli)
  addWebCommand(program, cli)
  addMcpCommand(program, cli)
  addDemoCommand(program, cli)
  return program
}

/** Name and arguments; that there are options is plain from the command's own help. */
function termOf(command: Command): string {
  const shown = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "…" : ""}`
    return argument.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...shown].join(" ")
}

function report(cli: Cli, program: Command, args: readonly string[], error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  // Without any command the help has been printed already.
  if (error instanceof CommanderError && error.code === "commander.help") return 2
  const failure = error instanceof CommanderError ? usageFailure(program, args, error) : error
  const debug = program.opts()["debug"] === true || args.includes("--debug")
  cli.terminal.note(failureText(failure, debug))
  return exitCodeOf(failure)
}

function usageFailure(program: Command, args: readonly string[], error: CommanderError): PgQueuerError {
  const message = error.message
    .replace(/^error: /, "")
    .replace(/\s*\(Did you mean (.*)\?\)$/, ", did you mean $1?")
    .replaceAll("\n", " ")
  return new PgQueuerError("PGQ_USAGE", message, {
    remedy: `See: ${["pgq", ...commandPath(program, args), "--help"].join(" ")}`,
  })
}

/** The words that lead to the command that was meant: `schedules`, `pause`. Words of its arguments can have the same name as another command. */
function commandPath(above: Command, args: readonly string[]): readonly string[] {
  const known = new Map(above.commands.map((command) => [command.name(), command]))
  const at = args.findIndex((word) => known.has(word))
  const command = known.get(args[at] ?? "")
  return command === undefined ? [] : [command.name(), ...commandPath(command, args.slice(at + 1))]
}
