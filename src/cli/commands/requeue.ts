import type { Command } from "commander"
import { reportById, reportCount } from "../action-text.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { idsOrEntrypoint } from "../ids-or-entrypoint.js"

interface RequeueOptions extends GlobalOptions {
  readonly entrypoint?: string
}

export function addRequeueCommand(program: Command, cli: Cli): void {
  program
    .command("requeue")
    .description("put failed jobs that are held back into line, for one more attempt")
    .argument("[id...]", "ids of jobs, as failed lists them")
    .option("--entrypoint <name>", "all of this entrypoint, instead of ids")
    .action((ids: string[], _options, command: Command) => requeue(cli, ids, command.optsWithGlobals<RequeueOptions>()))
}

async function requeue(cli: Cli, ids: readonly string[], options: RequeueOptions): Promise<void> {
  const what = idsOrEntrypoint("requeue", ids, options.entrypoint)
  const json = options.json === true
  await withQueries(options, async ({ queries }) => {
    const results = await queries.requeue(what)
    if ("entrypoint" in what) reportCount(cli, results, "requeued", json)
    else reportById(cli, results, { verb: "requeued", done: () => "requeued" }, json)
  })
}
