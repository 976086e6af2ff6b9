import { bounded } from "../../adapters/postgres/bounded.js"
import { systemClock, wallTime } from "../../adapters/system/clock.js"
import { redact } from "../../domain/redact.js"
import { Queries } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { placeText, withQueries } from "../connection.js"
import { messageOf } from "../failure.js"
import { openRecentStore } from "../recent-store.js"
import { Sockets } from "../sockets.js"
import { oneLine, type Terminal } from "../terminal.js"
import { type OutputFormat, readAsText } from "./print.js"
import { type DashboardReader, makeReader } from "./reader.js"
import { answered, Readings } from "./readings.js"
import { hasScreen, runScreen } from "./run-screen.js"

export interface DashboardSettings {
  readonly connection: GlobalOptions
  readonly intervalMs: number
  /** So many of the newest rows. */
  readonly tail: number
  /** Undefined: the usual one of where it is written to. */
  readonly format: OutputFormat | undefined
  /** One reading, then end. */
  readonly once: boolean
}

/** Shows the queue until it is left: on a screen where there is one, else as text. It only reads. */
export async function runDashboard({ terminal }: Cli, settings: DashboardSettings): Promise<void> {
  const sockets = new Sockets()
  await withQueries(
    settings.connection,
    async ({ driver, placement }) => {
      const looking = bounded(driver)
      const recent = openRecentStore(looking, placement)
      const reader = makeReader(new Queries(looking, placement), recent, {
        now: wallTime,
        monotonic: () => systemClock.monotonic(),
      })
      try {
        await show(terminal, reader, settings, () => sockets.destroy())
      } finally {
        // What is still unanswered must not keep the command alive.
        sockets.destroy()
      }
    },
    { sockets },
  )
}

async function show(
  terminal: Terminal,
  reader: DashboardReader,
  settings: DashboardSettings,
  breakOff: () => void,
): Promise<void> {
  const { connection, format, once, intervalMs, tail } = settings
  if (once || format === "json" || !hasScreen()) return printTables(terminal, reader, settings, breakOff)
  const place = placeText(connection)
  await runScreen(terminal, { reader, breakOff, intervalMs, tail, place, format: format ?? "plain" })
}

/** One table an interval. Only the first reading may fail: later ones are tried again. */
async function printTables(
  terminal: Terminal,
  reader: DashboardReader,
  { format = "grid", tail, once, intervalMs }: DashboardSettings,
  breakOff: () => void,
): Promise<void> {
  const read = () => readAsText(reader, format, tail)
  terminal.write(await answered(systemClock, read(), breakOff))
  if (once) return
  const readings = new Readings({
    clock: systemClock,
    random: Math.random,
    intervalMs,
    isPaused: () => false,
    read: async () => terminal.write(`${format === "json" ? "" : "\n"}${await read()}`),
    onFailure: (error, againInMs) =>
      terminal.note(redact(`pgq: ${oneLine(messageOf(error))}; trying again in ${Math.ceil(againInMs / 1_000)} s`)),
    breakOff,
  })
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => readings.stop())
  process.stdout.once("error", () => readings.stop())
  await readings.run()
}
