import type { Command } from "commander"
import type { Verification } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"

export function addVerifyCommand(program: Command, cli: Cli): void {
  program
    .command("verify")
    .description("check what is there against what this package needs; exit code 1 when they don't fit")
    .action((_options, command: Command) => verify(cli, command.optsWithGlobals<GlobalOptions>()))
}

async function verify(cli: Cli, options: GlobalOptions): Promise<void> {
  await withQueries(
    options,
    async ({ queries, placement }) => {
      const state = await queries.verify()
      const problem = problemOf(state)
      if (problem !== undefined) cli.exitCode = 1
      if (options.json === true) {
        const { found, needed, missing } = state
        return cli.terminal.printJson({
          ...placement,
          ok: problem === undefined,
          found: found ?? null,
          needed,
          missing,
        })
      }
      const summary = `schema ${placement.schema}, version ${state.found?.version ?? "none"}, needed ${state.needed}`
      if (problem === undefined) return cli.terminal.print(`OK: ${summary}`)
      cli.terminal.print(`Not OK: ${summary}`)
      for (const name of state.missing) cli.terminal.print(`missing: ${name}`)
      cli.terminal.note(`pgq: ${problem.message} (${problem.code})\n  ${problem.remedy}`)
    },
    { asItIs: true },
  )
}

interface Problem {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

function problemOf({ found, needed, missing }: Verification): Problem | undefined {
  if (found === undefined) {
    return { code: "PGQ_SCHEMA_MISSING", message: "no tables under this schema and prefix", remedy: "Run: pgq install" }
  }
  if (found.version < needed) {
    return { code: "PGQ_SCHEMA_TOO_OLD", message: "the tables are too old", remedy: "Run: pgq upgrade" }
  }
  if (found.serves > needed) {
    return {
      code: "PGQ_SCHEMA_TOO_NEW",
      message: `the tables serve code from version ${found.serves} only`,
      remedy: "Install a newer pgqueuer package.",
    }
  }
  if (missing.length === 0) return undefined
  return {
    code: "PGQ_SCHEMA_MISSING",
    message: `${missing.length} of the tables, indexes, views and functions are missing`,
    remedy: "Restore them from a backup; or uninstall, then install again.",
  }
}
