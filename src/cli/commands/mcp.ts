import type { Command } from "commander"
import { bounded } from "../../adapters/postgres/bounded.js"
import { Queries } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { serve } from "../mcp/serve.js"
import { openRecentStore } from "../recent-store.js"

interface McpOptions extends GlobalOptions {
  readonly payloads?: true
}

export function addMcpCommand(program: Command, cli: Cli): void {
  program
    .command("mcp")
    .description("read-only tools for assistants (Model Context Protocol), over stdin and stdout")
    .option("--payloads", "also show payloads, headers, results, progress and fields of log lines")
    .action((_options, command: Command) => mcp(cli, command.optsWithGlobals<McpOptions>()))
}

async function mcp({ terminal }: Cli, options: McpOptions): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve())
  })
  await withQueries(
    options,
    async ({ driver, placement }) => {
      terminal.note(`pgq: tools for assistants on stdin and stdout, schema ${placement.schema}`)
      // What the server takes for read-only transactions cannot write, whatever a tool does.
      const looking = bounded(driver)
      const queries = new Queries(looking, placement)
      const recent = openRecentStore(looking, placement)
      await serve({ queries, recent, payloads: options.payloads === true }, stopped)
    },
    { asItIs: true },
  )
}
