import { text as readAll } from "node:stream/consumers"
import type { Command } from "commander"
import type { EnqueueOptions } from "../../app/enqueue-options.js"
import type { OnConflict } from "../../app/parse-enqueue.js"
import { PgQueuerError } from "../../domain/errors.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { messageOf } from "../failure.js"
import { choiceArgument, headerArgument, usageError, wholeNumberArgument } from "../usage.js"

interface QueueOptions extends GlobalOptions {
  readonly priority?: number
  readonly executeAfter?: string
  readonly header?: Readonly<Record<string, string>>
  readonly dedupeKey?: string
  readonly onConflict?: OnConflict
}

export function addQueueCommand(program: Command, cli: Cli): void {
  program
    .command("queue")
    .description("enqueue a job and print its id")
    .argument("<entrypoint>", "which handler runs it")
    .argument("[payload]", "JSON, or - to read it from stdin")
    .option("--priority <number>", "higher first", wholeNumberArgument("--priority", -2_147_483_648, 2_147_483_647))
    .option("--execute-after <when>", "not before: a duration from now (1h) or a time (2030-01-31T08:00:00Z)")
    .option("--header <name=value>", "a header; may be repeated", headerArgument)
    .option("--dedupe-key <key>", "no two unfinished jobs of the entrypoint have the same")
    .option(
      "--on-conflict <what>",
      "when the key is taken: raise (default), skip or replace",
      choiceArgument("--on-conflict", ["raise", "skip", "replace"] as const),
    )
    .action((entrypoint: string, payload: string | undefined, _options, command: Command) =>
      queue(cli, entrypoint, payload, command.optsWithGlobals<QueueOptions>()),
    )
}

async function queue(cli: Cli, entrypoint: string, text: string | undefined, options: QueueOptions): Promise<void> {
  const payload = await readPayload(text)
  const { priority, executeAfter, header: headers, dedupeKey, onConflict } = options
  await withQueries(options, async ({ queries }) => {
    const job: EnqueueOptions = { priority, executeAfter, headers, dedupeKey, onConflict }
    const [id] = await queries.enqueue(entrypoint, payload, job)
    if (options.json === true) return cli.terminal.printJson({ id })
    if (id !== null) return cli.terminal.print(id)
    cli.terminal.note("Skipped: an unfinished job has this dedupe key")
  })
}

async function readPayload(argument: string | undefined): Promise<unknown> {
  if (argument === undefined) return undefined
  if (argument === "-" && process.stdin.isTTY) {
    throw usageError(
      "the payload is to come from stdin, which is a terminal",
      "Pipe it in: cat job.json | pgq queue NAME -",
    )
  }
  const text = argument === "-" ? await readAll(process.stdin) : argument
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new PgQueuerError("PGQ_PAYLOAD_INVALID", `the payload is not JSON: ${messageOf(error)}`, {
      remedy: `Quote it for the shell: pgq queue NAME '{"user": 7}', a string as '"text"'; or pipe it in with -`,
      cause: error,
    })
  }
}
