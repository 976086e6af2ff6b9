import type { Command } from "commander"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { oneLine } from "../terminal.js"

export function addExplainCommand(program: Command, cli: Cli): void {
  program
    .command("explain")
    .description("say why a job is not running, or where it is")
    .argument("<id>", "as queue printed it")
    .action((id: string, _options, command: Command) => explain(cli, id, command.optsWithGlobals<GlobalOptions>()))
}

async function explain(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const explanation = await queries.explain(id)
    if (explanation.status === "unknown") cli.exitCode = 1
    if (options.json === true) return cli.terminal.printJson(explanation)
    cli.terminal.print(`${id} ${explanation.status}`)
    for (const { text } of explanation.reasons) cli.terminal.print(`- ${oneLine(text)}`)
  })
}
