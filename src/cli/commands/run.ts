import { setTimeout as pause } from "node:timers/promises"
import type { Command } from "commander"
import { type LogFormat, logFormats } from "../../adapters/system/console-logger.js"
import { PgQueuerError } from "../../domain/errors.js"
import { type LogLevel, logLevels } from "../../domain/log-events.js"
import { Queries } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { choosePlacement, chooseTarget, conveyToModule, withPool } from "../connection.js"
import { type EmbeddedServer, openEmbeddedServer } from "../embedded-server.js"
import { failureText, messageOf } from "../failure.js"
import { HealthEndpoint, type HealthSource } from "../health-endpoint.js"
import { StopRequests } from "../stop-requests.js"
import type { Terminal } from "../terminal.js"
import { choiceArgument, durationArgument, listArgument, usageError, wholeNumberArgument } from "../usage.js"
import { type MadeWorker, makeWorker, type Runnable, type Settable } from "../worker-module.js"

interface RunOptions extends GlobalOptions {
  readonly mode: "continuous" | "drain"
  readonly entrypoints?: readonly string[]
  readonly maxConcurrentTasks?: number
  readonly shutdownTimeout?: number
  readonly healthPort?: number
  readonly healthHost?: string
  readonly logLevel?: LogLevel
  readonly logFormat?: LogFormat
}

/** How long what the factory returned may take to be disposed. */
const disposeTimeoutMs = 5_000

export function addRunCommand(program: Command, cli: Cli): void {
  program
    .command("run")
    .description("run a worker until a signal stops it")
    .argument(
      "<module:factory>",
      "a .ts, .js, .mjs or .cjs file or a package, and the function that returns a PgQueuer",
    )
    .argument("[args...]", "after --: given to the function as its arguments")
    .option(
      "--mode <mode>",
      "continuous, or drain: end when nothing is left to claim",
      choiceArgument("--mode", ["continuous", "drain"] as const),
      "continuous",
    )
    .option("--entrypoints <names>", "only these of the registered ones: a,b", listArgument("--entrypoints"))
    .option(
      "--max-concurrent-tasks <number>",
      "handlers that run at once",
      wholeNumberArgument("--max-concurrent-tasks", 1, 100_000),
    )
    .option(
      "--shutdown-timeout <duration>",
      "how long a stop waits for running handlers",
      durationArgument("--shutdown-timeout"),
    )
    .option(
      "--health-port <port>",
      "answer /live, /ready and / over HTTP; 0: any free port",
      wholeNumberArgument("--health-port", 0, 65_535),
    )
    .option("--health-host <address>", "where, with --health-port (default: 127.0.0.1)")
    .option(
      "--log-level <level>",
      "debug, info, warn or error (default: PGQUEUER_LOG_LEVEL, else info)",
      choiceArgument("--log-level", logLevels),
    )
    .option(
      "--log-format <format>",
      "pretty, or json: an object a line (default: PGQUEUER_LOG_FORMAT, else pretty)",
      choiceArgument("--log-format", logFormats),
    )
    .action((module: string, args: string[], _options, command: Command) =>
      run(cli, module, args, command.optsWithGlobals<RunOptions>()),
    )
}

async function run(cli: Cli, module: string, args: readonly string[], options: RunOptions): Promise<void> {
  const { terminal } = cli
  const placement = choosePlacement(options)
  const target = chooseTarget(options)
  chooseLog(options)
  using stops = new StopRequests((line) => terminal.note(line))
  const health = await openHealth(options, terminal)
  const server = target.kind === "embedded" ? await openEmbeddedServer() : undefined
  try {
    conveyToModule(target, server, placement)
    if (server !== undefined) await prepare(server, placement, terminal)
    await runModule(terminal, stops, module, args, options, health)
  } finally {
    await server?.stop()
    await health?.close()
  }
  if (stops.failed) cli.exitCode = 1
}

/** For the default logger, here and in the module. */
function chooseLog({ logLevel, logFormat, debug }: RunOptions): void {
  const usual = debug === true ? "debug" : "info"
  const { PGQUEUER_LOG_LEVEL: level, PGQUEUER_LOG_FORMAT: format } = process.env
  process.env["PGQUEUER_LOG_LEVEL"] =
    logLevel ?? (level ? choiceArgument("PGQUEUER_LOG_LEVEL", logLevels)(level) : usual)
  process.env["PGQUEUER_LOG_FORMAT"] =
    logFormat ?? (format ? choiceArgument("PGQUEUER_LOG_FORMAT", logFormats)(format) : "pretty")
}

async function prepare(
  server: EmbeddedServer,
  placement: { readonly schema: string; readonly prefix: string },
  terminal: Terminal,
): Promise<void> {
  await withPool(server.url, (driver) => new Queries(driver, placement).install())
  const { host } = new URL(server.url)
  terminal.note(`pgq: PostgreSQL of this folder ${server.how} on ${host}; enqueue with: pgq queue NAME --embedded`)
}

async function runModule(
  terminal: Terminal,
  stops: StopRequests,
  module: string,
  args: readonly string[],
  options: RunOptions,
  health: HealthEndpoint | undefined,
): Promise<void> {
  const made = await unlessStopped(stops, makeWorker(module, args))
  if (made === undefined) return
  try {
    configure(made.pgq, options)
    if (health !== undefined) health.watch(asHealthSource(made.pgq))
    stops.whenUrgent(() => void made.pgq.stop({ now: true }).catch(() => {}))
    await made.pgq.run({ mode: options.mode, signal: stops.signal })
    stops.allPutBack()
  } finally {
    await disposeInTime(made, stops, terminal, options.debug === true)
  }
}

async function openHealth(
  { healthPort, healthHost }: RunOptions,
  terminal: Terminal,
): Promise<HealthEndpoint | undefined> {
  if (healthPort === undefined && healthHost === undefined) return undefined
  if (healthPort === undefined) throw usageError("--health-host needs --health-port", "Give both, or none.")
  const health = await HealthEndpoint.open(healthHost ?? "127.0.0.1", healthPort, (error) =>
    terminal.note(`pgq: the health endpoint answers no more: ${messageOf(error)}`),
  )
  terminal.note(`pgq: health on ${health.url}`)
  return health
}

function asHealthSource(pgq: Runnable): HealthSource {
  if (pgq.health === undefined) throw cannotSet("--health-port")
  return pgq as HealthSource
}

/** A factory that hangs must not hold up a stop: nothing is claimed yet. */
async function unlessStopped<T>(stops: StopRequests, work: Promise<T>): Promise<T | undefined> {
  const stopped = new Promise<undefined>((resolve) => {
    if (stops.signal.aborted) resolve(undefined)
    else stops.signal.addEventListener("abort", () => resolve(undefined), { once: true })
  })
  return Promise.race([work, stopped])
}

function configure(pgq: Runnable, { entrypoints, maxConcurrentTasks, shutdownTimeout }: RunOptions): void {
  const settable = pgq.qm ?? (pgq as Partial<Settable>)
  if (entrypoints !== undefined) {
    if (settable.restrictTo === undefined) throw cannotSet("--entrypoints")
    settable.restrictTo(entrypoints)
  }
  if (maxConcurrentTasks === undefined && shutdownTimeout === undefined) return
  if (settable.override === undefined) throw cannotSet("--max-concurrent-tasks and --shutdown-timeout")
  settable.override({
    ...(maxConcurrentTasks === undefined ? {} : { maxConcurrentTasks }),
    ...(shutdownTimeout === undefined ? {} : { shutdownTimeout }),
  })
}

function cannotSet(what: string): PgQueuerError {
  return new PgQueuerError("PGQ_MODULE_INVALID", `${what} cannot be set on what the factory returned`, {
    remedy: "Return a PgQueuer of the same version of pgqueuer as this command.",
  })
}

async function disposeInTime(made: MadeWorker, stops: StopRequests, terminal: Terminal, debug: boolean): Promise<void> {
  const limit = new AbortController()
  const late = pause(stops.urgent ? 100 : disposeTimeoutMs, "late" as const, { signal: limit.signal }).catch(() => {})
  const ended = await Promise.race([late, made.dispose().catch((error) => terminal.note(failureText(error, debug)))])
  limit.abort()
  if (ended === "late") terminal.note("pgq: what the factory returned did not dispose in time")
}
