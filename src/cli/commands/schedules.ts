import type { Command } from "commander"
import type { ScheduleActionResult } from "../../app/schedules/schedule-actions.js"
import { didYouMean, nearest } from "../../domain/options.js"
import type { ScheduleRecord, ScheduleRunRecord } from "../../ports/schedule-records.js"
import type { Queries } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { milliseconds, time } from "../job-text.js"
import { resultText, stateText } from "../schedule-text.js"
import { type Column, oneLine } from "../terminal.js"
import { unknownCommand, wholeNumberArgument } from "../usage.js"

interface PreviewOptions extends GlobalOptions {
  readonly count: number
  readonly timezone?: string
}

interface RunsOptions extends GlobalOptions {
  readonly limit: number
  readonly after?: string
}

type Act = (queries: Queries, names: readonly string[]) => Promise<ScheduleActionResult[]>

export function addSchedulesCommand(program: Command, cli: Cli): void {
  const schedules = program.command("schedules").description("list recurring schedules, or act on them")
  schedules
    .command("list", { isDefault: true })
    .description("all schedules: when they run next and how they ran last")
    .allowExcessArguments()
    .action((_options, command: Command) => {
      if (command.args.length > 0) throw unknownCommand(schedules, command.args[0]!)
      return list(cli, command.optsWithGlobals<GlobalOptions>())
    })
  addAction("pause", "paused", "start no tick of these until they are resumed", (queries, names) =>
    queries.pauseSchedules(names),
  )
  addAction("resume", "resumed", "start them again from the next tick on; nothing is made up for", (queries, names) =>
    queries.resumeSchedules(names),
  )
  addAction("trigger", "triggered", "run each of these once now, in a worker", (queries, names) =>
    queries.triggerSchedules(names),
  )
  addAction("remove", "removed", "remove these, for good when no code has them any more", (queries, names) =>
    queries.removeSchedules(names),
  )
  schedules
    .command("preview")
    .description("show when a schedule or a cron expression runs next")
    .argument("<name or expression>", 'the name of a schedule, or an expression in quotes: "0 9 * * mon-fri"')
    .option("--count <number>", "so many runs", wholeNumberArgument("--count", 1, 1_000), 5)
    .option("--timezone <name>", "of the expression (default: UTC)")
    .action((what: string, _options, command: Command) => preview(cli, what, command.optsWithGlobals<PreviewOptions>()))
  schedules
    .command("runs")
    .description("show the runs of a schedule, and the ticks that were left out, newest first")
    .argument("<name>", "the name of a schedule")
    .option("--limit <number>", "at most so many", wholeNumberArgument("--limit", 1, 10_000), 20)
    .option("--after <id>", "the next page: the last id of the page before")
    .action((name: string, _options, command: Command) => runs(cli, name, command.optsWithGlobals<RunsOptions>()))

  function addAction(name: string, done: string, description: string, act: Act): void {
    schedules
      .command(name)
      .description(description)
      .argument("<name...>", "names of schedules")
      .action((names: string[], _options, command: Command) =>
        change(cli, names, done, act, command.optsWithGlobals<GlobalOptions>()),
      )
  }
}

async function list(cli: Cli, options: GlobalOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const found = await queries.schedules()
    if (options.json === true) return cli.terminal.printJson(found)
    if (found.length === 0) return cli.terminal.note("There are no schedules: a worker writes them when it starts.")
    cli.terminal.printTable(columns, found)
  })
}

async function change(
  cli: Cli,
  names: readonly string[],
  done: string,
  act: Act,
  options: GlobalOptions,
): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const results = await act(queries, names)
    if (results.some((result) => !result.done && result.reason === "unknown")) cli.exitCode = 1
    if (options.json === true) return cli.terminal.printJson(results)
    for (const result of results) cli.terminal.print(`${oneLine(result.name)} ${sentence(result, done)}`)
  })
}

function sentence(result: ScheduleActionResult, done: string): string {
  if (result.done) return `${done}${sequel(done, result.orphaned)}`
  if (result.reason === "unchanged") return done === "paused" ? "was paused already" : "was not paused"
  const hint = didYouMean(result.guess, oneLine)
  return `not ${done}: there is no schedule of this name${hint}`
}

function sequel(done: string, orphaned: boolean): string {
  if (done === "removed") return orphaned ? "" : "; it comes back when a worker that has code for it starts"
  return orphaned && done !== "paused" ? "; no running worker has code for it, so it waits for one" : ""
}

async function preview(cli: Cli, what: string, options: PreviewOptions): Promise<void> {
  const { count, timezone } = options
  await withQueries(options, async ({ queries }) => {
    const found = await queries.previewSchedule(what, { count, ...(timezone === undefined ? {} : { timezone }) })
    if (options.json === true) return cli.terminal.printJson(found)
    for (const run of found) cli.terminal.print(time(run))
  })
}

async function runs(cli: Cli, name: string, options: RunsOptions): Promise<void> {
  const { limit, after } = options
  await withQueries(options, async ({ queries }) => {
    const found = await queries.scheduleRuns(name, { limit, ...(after === undefined ? {} : { after }) })
    const known = found.length > 0 || (await noteIfUnknown(cli, queries, name))
    if (!known) cli.exitCode = 1
    if (options.json === true) return cli.terminal.printJson(found)
    if (found.length > 0) cli.terminal.printTable(runColumns, found)
    else if (known) cli.terminal.note("It has not run yet.")
    if (found.length === limit) cli.terminal.note(`More: --after ${found.at(-1)?.id}`)
  })
}

async function noteIfUnknown(cli: Cli, queries: Queries, name: string): Promise<boolean> {
  const known = (await queries.schedules()).map((schedule) => schedule.name)
  if (known.includes(name)) return true
  const hint = didYouMean(nearest(name, known), oneLine)
  cli.terminal.note(`There is no schedule ${JSON.stringify(name)}${hint}`)
  return false
}

const columns: readonly Column<ScheduleRecord>[] = [
  { head: "NAME", flexible: true, value: ({ name }) => name },
  { head: "EXPRESSION", value: ({ expression }) => expression },
  { head: "TIMEZONE", value: ({ timezone }) => timezone },
  { head: "STATE", value: stateText },
  { head: "NEXT", value: ({ nextExecution }) => time(nextExecution) },
  { head: "LAST", value: ({ lastExecution }) => time(lastExecution) },
  { head: "RESULT", value: ({ lastRun }) => (lastRun === null ? "" : resultText(lastRun)) },
  { head: "ENQUEUES", flexible: true, value: ({ entrypoint }) => entrypoint ?? "" },
]

const runColumns: readonly Column<ScheduleRunRecord>[] = [
  { head: "ID", align: "right", value: ({ id }) => id },
  { head: "TICK", value: ({ tick }) => time(tick) },
  { head: "RESULT", value: resultText },
  { head: "TRY", align: "right", value: ({ attempt }) => String(attempt) },
  { head: "BY HAND", value: ({ byHand }) => (byHand ? "by hand" : "") },
  { head: "STARTED", value: ({ startedAt }) => time(startedAt) },
  { head: "TOOK", align: "right", value: tookText },
  { head: "JOB", align: "right", value: ({ job }) => job?.id ?? "" },
  { head: "ERROR", flexible: true, value: ({ error, job }) => error ?? job?.error ?? "" },
]

function tookText({ startedAt, finishedAt, job }: ScheduleRunRecord): string {
  const end = job === null ? finishedAt : job.finishedAt
  return startedAt === null || end === null ? "" : milliseconds(end.getTime() - startedAt.getTime())
}
