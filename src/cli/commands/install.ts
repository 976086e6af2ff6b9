import type { Command } from "commander"
import type { PgPoolDriver } from "../../adapters/drivers/pg-pool-driver.js"
import { PostgresSchemaStore } from "../../adapters/postgres/postgres-schema-store.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { choosePlacement, withQueries } from "../connection.js"
import { refuseTooNew } from "../schema-state.js"

interface InstallOptions extends GlobalOptions {
  readonly dryRun?: true
}

export function addInstallCommand(program: Command, cli: Cli): void {
  program
    .command("install")
    .description("create the tables; a second run finds them and changes nothing")
    .option("--dry-run", "print the SQL for psql instead, without a database")
    .action((_options, command: Command) => install(cli, command.optsWithGlobals<InstallOptions>()))
}

async function install(cli: Cli, options: InstallOptions): Promise<void> {
  if (options.dryRun === true) return printScript(cli, options)
  await withQueries(
    options,
    async ({ queries, placement }) => {
      refuseTooNew(await queries.verify())
      const applied = await queries.install()
      const { found } = await queries.verify()
      if (options.json === true) return cli.terminal.printJson({ ...placement, applied, version: found?.version })
      const what = applied.length === 0 ? "Already installed" : "Installed"
      cli.terminal.print(`${what}: schema ${placement.schema}, version ${found?.version}`)
    },
    { asItIs: true },
  )
}

function printScript(cli: Cli, options: InstallOptions): void {
  const script = new PostgresSchemaStore(noDriver, choosePlacement(options)).script(0)
  if (options.json === true) cli.terminal.printJson({ sql: script })
  else cli.terminal.write(script)
}

/** The script is made from this package's own files. */
const noDriver = {} as PgPoolDriver
