import type { Command } from "commander"
import type { LimitsByHand } from "../../app/limits-by-hand.js"
import type { EntrypointLimits, LimitSources } from "../../ports/operation-store.js"
import type { Queries } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { noteIfUnknown } from "../entrypoint-note.js"
import type { Column } from "../terminal.js"
import { limitArgument, usageError } from "../usage.js"

interface LimitsOptions extends GlobalOptions {
  readonly concurrency?: number | "none"
  readonly rate?: number | "none"
  readonly reset?: true
}

export function addLimitsCommand(program: Command, cli: Cli): void {
  program
    .command("limits")
    .description("show the limits of entrypoints, or set those of one by hand")
    .argument("[entrypoint]", "only this one")
    .option("--concurrency <number>", "held at once over all workers, or none", limitArgument("--concurrency"))
    .option("--rate <number>", "starts a second over all workers, or none", limitArgument("--rate"))
    .option("--reset", "what the code says holds again")
    .action((entrypoint: string | undefined, _options, command: Command) =>
      limits(cli, entrypoint, command.optsWithGlobals<LimitsOptions>()),
    )
}

async function limits(cli: Cli, entrypoint: string | undefined, options: LimitsOptions): Promise<void> {
  const { terminal } = cli
  const change = changeOf(entrypoint, options)
  await withQueries(options, async ({ queries }) => {
    const found = await (change === undefined ? shown(queries, entrypoint) : change(queries))
    if (change !== undefined) noteIfUnknown(terminal, found)
    if (options.json === true) return terminal.printJson(found)
    if (found.length > 0) return terminal.printTable(columns, found)
    terminal.note(
      entrypoint === undefined ? "No entrypoint has limits or a worker." : "Nothing limits this entrypoint.",
    )
  })
}

async function shown(queries: Queries, entrypoint: string | undefined): Promise<readonly EntrypointLimits[]> {
  const all = await queries.limits()
  return entrypoint === undefined ? all : all.filter((limits) => limits.entrypoint === entrypoint)
}

type Change = (queries: Queries) => Promise<readonly EntrypointLimits[]>

function changeOf(entrypoint: string | undefined, { concurrency, rate, reset }: LimitsOptions): Change | undefined {
  const sets = concurrency !== undefined || rate !== undefined
  if (!sets && reset === undefined) return undefined
  if (entrypoint === undefined) throw usageError("no entrypoint is named", "Name one: pgq limits NAME --concurrency 5")
  if (sets && reset === true) throw usageError("--reset stands beside a limit to set", "Leave one of them out.")
  if (reset === true) return async (queries) => [await queries.resetLimits(entrypoint)]
  const limits: LimitsByHand = {
    ...(concurrency === undefined ? {} : { concurrencyLimit: orNull(concurrency) }),
    ...(rate === undefined ? {} : { requestsPerSecond: orNull(rate) }),
  }
  return async (queries) => [await queries.setLimits(entrypoint, limits)]
}

function orNull(limit: number | "none"): number | null {
  return limit === "none" ? null : limit
}

const columns: readonly Column<EntrypointLimits>[] = [
  { head: "ENTRYPOINT", flexible: true, value: ({ entrypoint }) => entrypoint },
  { head: "CONCURRENCY", value: ({ concurrencyLimit }) => limitText(concurrencyLimit) },
  { head: "RATE", value: ({ requestsPerSecond }) => limitText(requestsPerSecond, "/s") },
  { head: "PAUSED", value: ({ paused }) => (paused ? "paused" : "") },
  { head: "IN USE", align: "right", value: ({ inUse }) => String(inUse) },
  { head: "WORKERS", align: "right", value: ({ workers }) => String(workers) },
]

function limitText({ code, set, effective }: LimitSources, unit = ""): string {
  const text = (value: number | null) => (value === null ? "none" : `${value}${unit}`)
  if (set === undefined) return text(effective)
  return code === null ? `${text(set)} (by hand)` : `${text(set)} (by hand; code ${text(code)})`
}
