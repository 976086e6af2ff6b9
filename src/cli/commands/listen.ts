import type { Command } from "commander"
import { guarded } from "../../adapters/postgres/guarded.js"
import { PostgresFeedStore } from "../../adapters/postgres/postgres-feed-store.js"
import { PostgresWatchStore } from "../../adapters/postgres/postgres-watch-store.js"
import { Statements } from "../../adapters/postgres/statement.js"
import { systemClock } from "../../adapters/system/clock.js"
import { schemaMissing } from "../../app/schema-check.js"
import { EventFeed, type FeedEvent } from "../../app/tracking/event-feed.js"
import { durationText } from "../../domain/duration-text.js"
import { redact } from "../../domain/redact.js"
import type { Logger } from "../../ports/logger.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { messageOf } from "../failure.js"
import { time } from "../job-text.js"
import { oneLine, type Terminal } from "../terminal.js"

export function addListenCommand(program: Command, cli: Cli): void {
  program
    .command("listen")
    .description("print what happens as it happens, until Ctrl-C")
    .action((_options, command: Command) => listen(cli, command.optsWithGlobals<GlobalOptions>()))
}

async function listen({ terminal }: Cli, options: GlobalOptions): Promise<void> {
  const stopped = stopRequested()
  await withQueries(options, async ({ driver, placement }) => {
    const statements = new Statements(placement)
    const on = guarded(driver, schemaMissing)
    const feed = new EventFeed({
      clock: systemClock,
      random: Math.random,
      driver,
      channel: statements.channel,
      endChannel: statements.endChannel,
      log: notes(terminal),
      watch: new PostgresWatchStore(on, statements),
      feed: new PostgresFeedStore(on, statements),
      notify: async (payload) => void (await statements.run(on, "notify", [statements.channel, payload])),
      onEvent: (event) => print(terminal, event, options.json === true),
    })
    await feed.start()
    terminal.note(`pgq: listening on ${statements.channel} and ${statements.endChannel}`)
    await stopped
    await feed.stop()
  })
}

/** A signal, or nobody who reads any more. A second signal ends the process as it is. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve())
    process.stdout.once("error", () => resolve())
  })
}

function print(terminal: Terminal, event: FeedEvent, json: boolean): void {
  const now = new Date()
  if (json) terminal.print(JSON.stringify({ at: now, ...event }))
  else terminal.print(oneLine(`${time(now)} ${sentence(event)}`))
}

function sentence(event: FeedEvent): string {
  if (event.event === "rules") return "limits or pauses have changed"
  if (event.event === "schedules") return "schedules have changed, or runs of them wait"
  if (event.event === "cancel") return "jobs that run were asked to stop"
  if (event.event === "drain") return "workers were asked to drain"
  if (event.event === "ended") {
    const how = `${event.status}${event.runMs === null ? "" : ` after ${durationText(event.runMs)}`}`
    return `job ${event.id} of ${event.entrypoint} ended: ${how}${event.error === null ? "" : `, ${event.error}`}`
  }
  const { entrypoints, seq, dueAt } = event
  if (entrypoints === null) return "wake-up: there may be jobs anywhere"
  const due = dueAt === null ? "" : `, one is due ${dueAt.toISOString()}`
  const ready =
    entrypoints.length === 0 ? "" : ` jobs of ${entrypoints.join(", ")}${seq === null ? "" : ` from place ${seq} on`}`
  return `wake-up:${ready}${due === "" || ready !== "" ? due : due.slice(1)}`
}

function notes(terminal: Terminal): Logger {
  const note: Logger["warn"] = (message, fields) => {
    const reason = fields?.["error"] === undefined ? "" : `: ${messageOf(fields["error"])}`
    terminal.note(redact(`pgq: ${message}${reason}`))
  }
  return { debug() {}, info() {}, warn: note, error: note }
}
