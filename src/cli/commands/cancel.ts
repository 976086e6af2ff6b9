import type { Command } from "commander"
import type { ActionResult } from "../../app/end-waiting.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"

export function addCancelCommand(program: Command, cli: Cli): void {
  program
    .command("cancel")
    .description("cancel jobs that wait; says of each id what was done")
    .argument("<id...>", "ids of jobs")
    .action((ids: string[], _options, command: Command) => cancel(cli, ids, command.optsWithGlobals<GlobalOptions>()))
}

async function cancel(cli: Cli, ids: readonly string[], options: GlobalOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const results = await queries.cancel(ids)
    if (!results.every(isCanceled)) cli.exitCode = 1
    if (options.json === true) return cli.terminal.printJson(results)
    for (const result of results) cli.terminal.print(`${result.id} ${sentence(result)}`)
  })
}

function isCanceled({ status }: ActionResult): boolean {
  return status === "canceled"
}

function sentence({ done, status }: ActionResult): string {
  if (done) return "canceled"
  if (status === "canceled") return "was canceled before"
  if (status === "unknown") return "not canceled: no job has this id"
  return status === "picked" ? "not canceled: a worker runs it" : `not canceled: it is ${status}`
}
