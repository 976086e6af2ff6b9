import type { Command } from "commander"
import type { ActionResult } from "../../app/job-actions.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"

export function addCancelCommand(program: Command, cli: Cli): void {
  program
    .command("cancel")
    .description("cancel jobs: those that wait never run, those that run are asked to stop")
    .argument("<id...>", "ids of jobs")
    .action((ids: string[], _options, command: Command) => cancel(cli, ids, command.optsWithGlobals<GlobalOptions>()))
}

async function cancel(cli: Cli, ids: readonly string[], options: GlobalOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const results = await queries.cancel(ids)
    if (!results.every(({ done, status }) => done || status === "canceled")) cli.exitCode = 1
    if (options.json === true) return cli.terminal.printJson(results)
    for (const result of results) cli.terminal.print(`${result.id} ${sentence(result)}`)
  })
}

function sentence({ done, status }: ActionResult): string {
  if (done) return status === "picked" ? "asked to stop: a worker runs it" : "canceled"
  if (status === "canceled") return "was canceled before"
  if (status === "unknown") return "not canceled: no job has this id"
  return `not canceled: it is ${status}`
}
