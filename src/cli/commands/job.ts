import type { Command } from "commander"
import { PgQueuerError } from "../../domain/errors.js"
import type { FailedAttempt, JobRecord, LogLine } from "../../domain/job.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { jobAsJson, milliseconds, time } from "../job-text.js"
import { oneLine, type Terminal } from "../terminal.js"

export function addJobCommand(program: Command, cli: Cli): void {
  program
    .command("job")
    .description("show one job, its failed attempts and what it logged")
    .argument("<id>", "as queue printed it")
    .action((id: string, _options, command: Command) => job(cli, id, command.optsWithGlobals<GlobalOptions>()))
}

async function job(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  await withQueries(options, async ({ queries }) => {
    const found = await queries.job(id)
    if (found === undefined) {
      throw new PgQueuerError("PGQ_JOB_UNKNOWN", `no job has the id ${id}`, {
        remedy: "List them with: pgq jobs   (or name the right --schema and --prefix)",
      })
    }
    const [failures, logs] = await Promise.all([queries.failures(id), queries.logs(id)])
    if (options.json === true) cli.terminal.printJson({ ...jobAsJson(found), failures, logs })
    else print(cli.terminal, found, failures, logs)
  })
}

function print(
  terminal: Terminal,
  found: JobRecord,
  failures: readonly FailedAttempt[],
  logs: readonly LogLine[],
): void {
  const facts: readonly (readonly [string, string])[] = [
    ["id", found.id],
    ["entrypoint", found.entrypoint],
    ["status", found.status],
    ["priority", String(found.priority)],
    ["attempt", String(found.attempt)],
    ["rescues", found.rescues === 0 ? "" : String(found.rescues)],
    ["created", time(found.createdAt)],
    ["execute after", time(found.executeAfter)],
    ["expires", time(found.expireAt)],
    ["dedupe key", found.dedupeKey ?? ""],
    ["max attempts", String(found.maxAttempts ?? "")],
    ["timeout", milliseconds(found.timeoutMs)],
    ["started", time(found.startedAt)],
    ["finished", time(found.finishedAt)],
    ["worker", workerText(found)],
    ["headers", Object.keys(found.headers).length === 0 ? "" : JSON.stringify(found.headers)],
    ["payload", payloadText(found.payload)],
    ["progress", payloadText(found.progress)],
    ["result", payloadText(found.result)],
    ["error", found.error ?? ""],
  ]
  for (const [name, value] of facts) if (value !== "") terminal.print(`${name.padEnd(14)} ${oneLine(value)}`)
  for (const failure of failures) printFailure(terminal, failure)
  if (logs.length > 0) terminal.print()
  for (const line of logs) terminal.print(oneLine(logText(line)))
}

function logText({ loggedAt, attempt, level, message, fields }: LogLine): string {
  const details = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`
  return `${time(loggedAt)} attempt ${attempt} ${level.padEnd(5)} ${message}${details}`
}

function printFailure(terminal: Terminal, { attempt, failedAt, workerId, error, traceback }: FailedAttempt): void {
  const by = workerId === null ? "" : `, worker ${workerId}`
  terminal.print()
  terminal.print(`attempt ${attempt} failed ${time(failedAt)}${by}`)
  for (const line of (traceback ?? error).split("\n")) terminal.print(`  ${oneLine(line)}`)
}

function workerText({ worker }: JobRecord): string {
  if (worker === null) return ""
  return worker.host === null ? worker.id : `${worker.id} (pid ${worker.pid} on ${worker.host})`
}

function payloadText(payload: unknown): string {
  if (payload === undefined) return ""
  return payload instanceof Uint8Array ? `${payload.byteLength} bytes` : JSON.stringify(payload)
}
