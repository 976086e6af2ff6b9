import type { Command } from "commander"
import { reportById } from "../action-text.js"
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
    const text = {
      verb: "canceled",
      done: ({ status }: { readonly status: string }) =>
        status === "picked" ? "asked to stop: a worker runs it" : "canceled",
      before: ({ status }: { readonly status: string }) => (status === "canceled" ? "was canceled before" : undefined),
    }
    reportById(cli, await queries.cancel(ids), text, options.json === true)
  })
}
