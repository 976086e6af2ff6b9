import type { Command } from "commander"
import { reportById, reportCount } from "../action-text.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { idsOrEntrypoint } from "../ids-or-entrypoint.js"

interface DeleteOptions extends GlobalOptions {
  readonly entrypoint?: string
}

export function addDeleteCommand(program: Command, cli: Cli): void {
  program
    .command("delete")
    .description("delete jobs that wait or are held as failed: they end without running")
    .argument("[id...]", "ids of jobs")
    .option("--entrypoint <name>", "all of this entrypoint, instead of ids")
    .action((ids: string[], _options, command: Command) =>
      deleteJobs(cli, ids, command.optsWithGlobals<DeleteOptions>()),
    )
}

async function deleteJobs(cli: Cli, ids: readonly string[], options: DeleteOptions): Promise<void> {
  const what = idsOrEntrypoint("delete", ids, options.entrypoint)
  const json = options.json === true
  await withQueries(options, async ({ queries }) => {
    const results = await queries.delete(what)
    if ("entrypoint" in what) return reportCount(cli, results, "deleted", json)
    const text = {
      verb: "deleted",
      done: () => "deleted",
      before: ({ status }: { readonly status: string }) => (status === "deleted" ? "was deleted before" : undefined),
    }
    reportById(cli, results, text, json)
  })
}
