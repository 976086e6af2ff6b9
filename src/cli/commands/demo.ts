import { randomBytes } from "node:crypto"
import type { Command } from "commander"
import type { PgPoolDriver } from "../../adapters/drivers/pg-pool-driver.js"
import { startEmbeddedPostgres } from "../../adapters/embedded/embedded-postgres.js"
import { defaultPlacement, type Placement } from "../../domain/names.js"
import { Queries } from "../../queries.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { chooseTarget, conveyToModule, withPool } from "../connection.js"
import { type DemoResult, runDemo } from "../demo/demo-run.js"
import { DemoTables } from "../demo/demo-tables.js"
import { Progress } from "../demo/progress.js"
import { runShop } from "../demo/shop.js"
import { type EmbeddedServer, openEmbeddedServer } from "../embedded-server.js"
import type { HttpEndpoint } from "../http-endpoint.js"
import { milliseconds } from "../job-text.js"
import type { Terminal } from "../terminal.js"
import { usageError, wholeNumberArgument } from "../usage.js"
import { localAccess } from "../web/local-access.js"
import { dashboardConnections, defaultWebPort, openDashboard } from "../web/open-dashboard.js"

interface DemoOptions extends GlobalOptions {
  readonly serve?: true
  readonly port?: number
}

export function addDemoCommand(program: Command, cli: Cli): void {
  program
    .command("demo")
    .description("see it work: two workers, 2,000 jobs, a schedule, one worker killed with -9")
    .option("--serve", "then go on, with the web dashboard to look at, until Ctrl-C")
    .option(
      "--port <port>",
      "with --serve: where the dashboard answers; 0: any free port",
      wholeNumberArgument("--port", 0, 65_535),
    )
    .action((_options, command: Command) => demo(cli, command.optsWithGlobals<DemoOptions>()))
}

async function demo(cli: Cli, options: DemoOptions): Promise<void> {
  if (options.port !== undefined && options.serve !== true)
    throw usageError("--port needs --serve", "Give both, or none.")
  const target = chooseTarget(options)
  const progress = new Progress(cli.terminal, options.json === true)
  using interrupt = new Interrupt()
  const server = target.kind === "url" ? undefined : await startServer(target.kind, interrupt.signal)
  try {
    if (server !== undefined) progress.say(`PostgreSQL ${server.how} on ${new URL(server.url).host}`)
    const placement = { ...defaultPlacement, schema: `pgqueuer_demo_${randomBytes(4).toString("hex")}` }
    conveyToModule(target, server, placement)
    await withPool(
      process.env["DATABASE_URL"],
      async (driver) => {
        const tables = new DemoTables(driver, placement.schema)
        const dashboard = options.serve === true ? await openDemoDashboard(driver, placement, options.port) : undefined
        try {
          await new Queries(driver, placement).install()
          await tables.create()
          progress.say(`installed the schema ${placement.schema}`)
          if (dashboard !== undefined) cli.terminal.note(`pgq: the web dashboard is on ${dashboard.url}`)
          report(cli, await runDemo(tables, progress, interrupt.signal), options)
          if (dashboard !== undefined) await serve(cli, driver, placement, dashboard.url, interrupt.signal)
        } finally {
          await dashboard?.close()
          await tables.drop()
        }
      },
      { connections: dashboardConnections + 3 },
    )
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    cli.terminal.note("pgq: interrupted; nothing is left behind")
    cli.exitCode = 130
  } finally {
    await server?.stop()
  }
}

function openDemoDashboard(driver: PgPoolDriver, placement: Placement, port = defaultWebPort): Promise<HttpEndpoint> {
  const options = { ...localAccess, ...placement, title: "PGQueuer demo", write: true }
  return openDashboard(driver, { host: "127.0.0.1", port }, options)
}

/** A shop at work until it is interrupted: that is how it is meant to end. */
async function serve(cli: Cli, driver: PgPoolDriver, placement: Placement, url: string, signal: AbortSignal) {
  cli.terminal.note(`pgq: a shop goes on working; look at ${url} and end it with Ctrl-C`)
  await runShop(new Queries(driver, placement), signal)
  cli.terminal.note("pgq: stopped; nothing is left behind")
}

/** Its data ends with the demo, unless the server of this folder is asked for. */
async function startServer(kind: "environment" | "embedded", signal: AbortSignal): Promise<EmbeddedServer> {
  if (kind === "embedded") return openEmbeddedServer()
  const server = await startEmbeddedPostgres({ signal })
  return { url: server.url, how: "started", stop: () => server.stop() }
}

/** Ctrl-C ends the demo in order; a second one at once. */
class Interrupt implements Disposable {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()

  constructor() {
    this.signal = this.#controller.signal
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, this.#onSignal)
  }

  [Symbol.dispose](): void {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, this.#onSignal)
  }

  readonly #onSignal = () => {
    if (this.signal.aborted) process.exit(130)
    this.#controller.abort()
  }
}

function report(cli: Cli, result: DemoResult, options: GlobalOptions): void {
  if (result.missing + result.ticks.missing > 0 || result.exitCode !== 0) cli.exitCode = 1
  if (options.json === true) cli.terminal.printJson({ ...result, ends: Object.fromEntries(result.ends) })
  else printResult(cli.terminal, result)
}

function printResult(terminal: Terminal, result: DemoResult): void {
  const { green, red } = terminal.colors
  const { ticks } = result
  const ends = [...result.ends].map(([status, count]) => ({ what: `  ${status}`, value: number(count) }))
  terminal.printTable(
    [
      { head: "JOBS", value: (row) => row.what },
      { head: "", align: "right", value: (row) => row.value },
      { head: "", value: (row) => row.note ?? "" },
    ],
    [
      { what: "enqueued", value: number(result.enqueued) },
      ...ends,
      { what: "missing", value: number(result.missing) },
      {
        what: "runs of handlers",
        value: number(result.runs),
        note: `${number(result.retried)} of them retries that were asked for`,
      },
      {
        what: "ran twice",
        value: number(result.ranTwice),
        note: `the killed worker held ${number(result.heldByKilled)}`,
      },
      {
        what: "time",
        value: `${result.seconds.toFixed(1)} s`,
        note: "first to last end, deferred jobs and the rescue included",
      },
      {
        what: "rate",
        value: `${Math.round(result.enqueued / result.seconds)}/s`,
        note: `${number(result.busiestSecond)} in the busiest second`,
      },
      { what: "pick-up, p50", value: milliseconds(result.pickUpP50Ms), note: "from enqueue to start, idle worker" },
      { what: "pick-up, p99", value: milliseconds(result.pickUpP99Ms) },
      {
        what: "ticks of a schedule",
        value: number(ticks.run),
        note: `one a second; ${number(ticks.missing)} missing, ${number(ticks.startedTwice)} started twice, ${number(ticks.lost)} rescued`,
      },
      { what: "lateness, p95", value: milliseconds(ticks.lateP95Ms), note: "from the tick to its start" },
    ] as { what: string; value: string; note?: string }[],
  )
  terminal.print()
  if (result.exitCode !== 0) terminal.print(red(`The surviving worker ended with ${result.exitCode} after SIGTERM.`))
  if (ticks.missing > 0) terminal.print(red(`${number(ticks.missing)} ticks are missing.`))
  if (result.missing > 0) terminal.print(red(`${number(result.missing)} jobs are missing.`))
  if (result.missing + ticks.missing === 0) terminal.print(green("Every job and every tick is accounted for."))
}

function number(value: number): string {
  return value.toLocaleString("en")
}
