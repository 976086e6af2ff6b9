import type { Command } from "commander"
import { reportById } from "../action-text.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { usageError, wholeNumberArgument } from "../usage.js"

interface RescheduleOptions extends GlobalOptions {
  readonly executeAfter?: string
  readonly priority?: number
}

export function addRescheduleCommand(program: Command, cli: Cli): void {
  program
    .command("reschedule")
    .description("give jobs that wait another time, another priority, or both")
    .argument("<id...>", "ids of jobs")
    .option(
      "--execute-after <when>",
      "not before: a duration from now (1h, 0s for now) or a time (2030-01-31T08:00:00Z)",
    )
    .option("--priority <number>", "higher first", wholeNumberArgument("--priority", -2_147_483_648, 2_147_483_647))
    .action((ids: string[], _options, command: Command) =>
      reschedule(cli, ids, command.optsWithGlobals<RescheduleOptions>()),
    )
}

async function reschedule(cli: Cli, ids: readonly string[], options: RescheduleOptions): Promise<void> {
  const { executeAfter, priority } = options
  if (executeAfter === undefined && priority === undefined) {
    throw usageError("reschedule was given nothing to change", "Give --execute-after, --priority, or both.")
  }
  await withQueries(options, async ({ queries }) => {
    const results = await queries.reschedule(ids, {
      ...(executeAfter === undefined ? {} : { executeAfter }),
      ...(priority === undefined ? {} : { priority }),
    })
    const text = {
      verb: "rescheduled",
      done: ({ status }: { readonly status: string }) => `rescheduled: it is ${status}`,
    }
    reportById(cli, results, text, options.json === true)
  })
}
