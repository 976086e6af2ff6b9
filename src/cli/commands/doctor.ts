import type { Command } from "commander"
import type { Diagnosis, Finding, Severity } from "../../app/doctor/diagnosis.js"
import { type Role, roles } from "../../app/doctor/doctor.js"
import type { OptionChange } from "../../app/doctor/table-options.js"
import { durationText } from "../../domain/duration-text.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { time } from "../job-text.js"
import { type Column, oneLine, type Terminal } from "../terminal.js"
import { choiceArgument, usageError } from "../usage.js"

interface DoctorOptions extends GlobalOptions {
  readonly strict?: true
  readonly role?: Role
  readonly tune?: true
  readonly rollback?: true
  readonly dryRun?: true
}

export function addDoctorCommand(program: Command, cli: Cli): void {
  program
    .command("doctor")
    .description("is the database sound for a queue: what is wrong, since when, and what to do; exit code 1 on errors")
    .option("--strict", "exit code 1 on warnings, too")
    .option("--role <role>", `the user shall have every right of: ${roles.join(", ")}`, choiceArgument("--role", roles))
    .option("--tune", "set the options of the tables as recommended: how full pages are, when vacuum comes")
    .option("--rollback", "with --tune: put back what was there before")
    .option("--dry-run", "with --tune: say what would be changed, and change nothing")
    .action((_options, command: Command) => doctor(cli, command.optsWithGlobals<DoctorOptions>()))
}

async function doctor(cli: Cli, options: DoctorOptions): Promise<void> {
  if (options.tune === true) return tune(cli, options)
  if (options.rollback === true || options.dryRun === true) {
    const option = options.rollback === true ? "--rollback" : "--dry-run"
    throw usageError(`${option} stands without --tune`, `Write: pgq doctor --tune ${option}`)
  }
  return examine(cli, options)
}

async function tune(cli: Cli, options: DoctorOptions): Promise<void> {
  const { rollback = false, dryRun = false } = options
  await withQueries(options, async ({ queries }) => {
    const tunings = await queries.tune({ rollback, dryRun })
    if (options.json === true) return cli.terminal.printJson({ rollback, dryRun, tables: tunings })
    const rows = tunings.flatMap(({ table, changes }) => changes.map((change) => ({ table, ...change })))
    if (rows.length > 0) cli.terminal.printTable(columns, rows)
    cli.terminal.note(tuningText(tunings.length, rollback, dryRun))
  })
}

const columns: readonly Column<OptionChange & { readonly table: string }>[] = [
  { head: "TABLE", value: ({ table }) => table },
  { head: "OPTION", value: ({ option }) => option },
  { head: "BEFORE", value: ({ before }) => before ?? "not set" },
  { head: "AFTER", value: ({ after }) => after ?? "not set" },
]

function tuningText(count: number, rollback: boolean, dryRun: boolean): string {
  if (count === 0) return rollback ? "Nothing to put back: no table was tuned." : "All tables are set as recommended."
  const tables = count === 1 ? "1 table" : `${count} tables`
  if (dryRun) return `${tables} would be changed. None was.`
  return rollback ? `${tables} set back.` : `${tables} set. To undo it: pgq doctor --tune --rollback`
}

async function examine(cli: Cli, options: DoctorOptions): Promise<void> {
  await withQueries(
    options,
    async ({ queries, placement }) => {
      const { role } = options
      const diagnosis = await queries.doctor(role === undefined ? {} : { role })
      const failing: readonly Severity[] = options.strict === true ? ["error", "warning"] : ["error"]
      if (diagnosis.findings.some(({ severity }) => failing.includes(severity))) cli.exitCode = 1
      if (options.json === true) return cli.terminal.printJson({ ...placement, ...diagnosis })
      cli.terminal.print(
        factsText(diagnosis, `${placement.schema}${placement.prefix === "" ? "" : `, prefix ${placement.prefix}`}`),
      )
      for (const found of diagnosis.findings) print(cli.terminal, found)
      cli.terminal.print()
      cli.terminal.print(summary(diagnosis))
    },
    { asItIs: true },
  )
}

function factsText({ facts }: Diagnosis, placement: string): string {
  const { clockDifferenceMs, notifyMs, wraparound } = facts
  const roles = facts.roles === null ? "" : ` (${facts.roles.length === 0 ? "no role" : facts.roles.join(", ")})`
  const parts = [
    `PostgreSQL ${facts.serverVersion ?? "of an unknown version"}`,
    `schema ${placement}: version ${facts.schemaVersion ?? "none"} of ${facts.codeVersion}`,
    `user ${facts.user ?? "unknown"}${roles}`,
    ...(clockDifferenceMs === null ? [] : [`clock ${signed(clockDifferenceMs)}`]),
    ...(notifyMs === null ? [] : [`NOTIFY in ${durationText(notifyMs)}`]),
    ...(wraparound === null ? [] : [`wraparound ${(wraparound.used * 100).toFixed(0)} %`]),
  ]
  return parts.join(" · ")
}

function signed(milliseconds: number): string {
  return `${milliseconds < 0 ? "-" : "+"}${durationText(Math.abs(milliseconds))}`
}

function print(terminal: Terminal, { severity, code, message, since, remedy, command }: Finding): void {
  const { colors } = terminal
  const color = { error: colors.red, warning: colors.yellow, note: colors.cyan }[severity]
  terminal.print()
  terminal.print(`${color(severity.toUpperCase())} ${code}${since === null ? "" : ` since ${time(since)}`}`)
  terminal.print(`  ${oneLine(message)}`)
  terminal.print(`  ${oneLine(remedy)}`)
  if (command !== null) terminal.print(`  $ ${oneLine(command)}`)
}

function summary({ findings }: Diagnosis): string {
  const of = (severity: Severity) => findings.filter((found) => found.severity === severity).length
  const counted = [
    [of("error"), "error"],
    [of("warning"), "warning"],
    [of("note"), "note"],
  ] as const
  const text = counted
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}${count === 1 ? "" : "s"}`)
    .join(", ")
  if (text === "") return "All is well."
  return counted[0][0] + counted[1][0] === 0 ? `All is well; ${text}.` : `${text}.`
}
