import type { Command } from "commander"
import { schemaMissing } from "../../app/schema-check.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { refuseTooNew } from "../schema-state.js"

interface UpgradeOptions extends GlobalOptions {
  readonly dryRun?: true
}

export function addUpgradeCommand(program: Command, cli: Cli): void {
  program
    .command("upgrade")
    .description("bring the tables to the version that this package needs")
    .option("--dry-run", "print the SQL for psql instead; only reads the version that is there")
    .action((_options, command: Command) => upgrade(cli, command.optsWithGlobals<UpgradeOptions>()))
}

async function upgrade(cli: Cli, options: UpgradeOptions): Promise<void> {
  await withQueries(
    options,
    async ({ queries, placement }) => {
      const state = await queries.verify()
      if (state.found === undefined) throw schemaMissing()
      refuseTooNew(state)
      const { version } = state.found
      const isCurrent = version >= state.needed
      if (options.dryRun === true) {
        const script = isCurrent ? `-- nothing to do: version ${version} is there\n` : queries.installScript(version)
        return options.json === true ? cli.terminal.printJson({ sql: script }) : cli.terminal.write(script)
      }
      const applied = await queries.upgrade()
      const now = Math.max(version, ...applied)
      if (options.json === true) return cli.terminal.printJson({ ...placement, applied, version: now })
      const what = applied.length === 0 ? "Nothing to upgrade" : `Upgraded from version ${version}`
      cli.terminal.print(`${what}: schema ${placement.schema}, version ${now}`)
    },
    { asItIs: true },
  )
}
