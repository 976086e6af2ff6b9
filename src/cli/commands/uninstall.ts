import { createInterface } from "node:readline/promises"
import type { Command } from "commander"
import type { Queries } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { usageError } from "../usage.js"

interface UninstallOptions extends GlobalOptions {
  readonly yes?: true
}

export function addUninstallCommand(program: Command, cli: Cli): void {
  program
    .command("uninstall")
    .description("remove the tables and all jobs; asks when jobs are unfinished")
    .option("--yes", "do not ask")
    .action((_options, command: Command) => uninstall(cli, command.optsWithGlobals<UninstallOptions>()))
}

async function uninstall(cli: Cli, options: UninstallOptions): Promise<void> {
  const { terminal } = cli
  await withQueries(
    options,
    async ({ queries, placement }) => {
      const { found } = await queries.verify()
      const report = (removed: boolean, text: string) =>
        options.json === true ? terminal.printJson({ ...placement, removed }) : terminal.print(text)
      if (found === undefined) return report(false, `Nothing is installed in schema ${placement.schema}`)
      if (options.yes !== true && !(await isWanted(cli, queries))) {
        cli.exitCode = 1
        return report(false, "Nothing was removed")
      }
      await queries.uninstall()
      report(true, `Removed the tables from schema ${placement.schema}`)
    },
    { asItIs: true },
  )
}

async function isWanted(cli: Cli, queries: Queries): Promise<boolean> {
  const unfinished = (await queries.queueSize()).reduce((sum, { count }) => sum + count, 0)
  if (unfinished === 0) return true
  const what = unfinished === 1 ? "1 job is unfinished" : `${unfinished} jobs are unfinished`
  if (!process.stdin.isTTY || !cli.terminal.isTty) {
    throw usageError(`${what} and would be lost`, "Give --yes to remove them with everything else.")
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await prompt.question(`${what} and will be lost. Remove them? [y/N] `)).trim())
  } finally {
    prompt.close()
  }
}
