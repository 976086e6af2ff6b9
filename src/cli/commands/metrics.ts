import type { Command } from "commander"
import { consoleLogger } from "../../adapters/system/console-logger.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { openHttpEndpoint } from "../http-endpoint.js"
import { loadPrometheus } from "../load-prometheus.js"
import type { Terminal } from "../terminal.js"
import { durationArgument, usageError, wholeNumberArgument } from "../usage.js"

interface MetricsOptions extends GlobalOptions {
  readonly port?: number
  readonly host?: string
  readonly timeout?: number
  readonly maxNames?: number
  readonly once?: true
}

const usualPort = 9_433

export function addMetricsCommand(program: Command, cli: Cli): void {
  program
    .command("metrics")
    .description("metrics for Prometheus, over HTTP on /metrics, until a signal stops it")
    .option("--port <port>", `0: any free port (default: ${usualPort})`, wholeNumberArgument("--port", 0, 65_535))
    .option("--host <address>", "where to listen; 0.0.0.0: reachable from outside (default: 127.0.0.1)")
    .option(
      "--timeout <duration>",
      "how long a scrape waits for the database (default: 5s)",
      durationArgument("--timeout"),
    )
    .option(
      "--max-names <number>",
      "entrypoints and schedules that are shown by name (default: 200)",
      wholeNumberArgument("--max-names", 0, 10_000),
    )
    .option("--once", "print the metrics and end")
    .action((_options, command: Command) => metrics(cli, command.optsWithGlobals<MetricsOptions>()))
}

async function metrics(cli: Cli, options: MetricsOptions): Promise<void> {
  const { timeout, maxNames, once, port, host } = options
  if (once === true && (port ?? host) !== undefined) {
    throw usageError("--once listens nowhere", "Leave --once out, or --port and --host.")
  }
  process.env["PGQUEUER_LOG_LEVEL"] ||= "info"
  const { prometheusMetrics } = await loadPrometheus()
  await withQueries(
    options,
    async ({ queries }) => {
      const { fetch, text } = prometheusMetrics(queries, {
        ...(timeout === undefined ? {} : { timeout }),
        ...(maxNames === undefined ? {} : { maxNames }),
        logger: consoleLogger,
      })
      if (once === true) await printOnce(cli, text)
      else await serve(cli.terminal, options, fetch)
    },
    { asItIs: true },
  )
}

async function printOnce(cli: Cli, text: () => Promise<string>): Promise<void> {
  const metrics = await text()
  cli.terminal.write(metrics)
  if (/^pgqueuer_up 0$/m.test(metrics)) cli.exitCode = 1
}

async function serve(
  terminal: Terminal,
  { host = "127.0.0.1", port = usualPort }: MetricsOptions,
  metrics: (request: Request) => Promise<Response>,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve())
  })
  const endpoint = await openHttpEndpoint({ host, port, option: "--port", staying: true }, (request) =>
    new URL(request.url).pathname === "/metrics" ? metrics(request) : elsewhere(request),
  )
  terminal.note(`pgq: metrics on ${endpoint.url}/metrics`)
  await stopped
  await endpoint.close()
}

function elsewhere(request: Request): Response {
  const status = new URL(request.url).pathname === "/" ? 200 : 404
  return new Response("metrics of a PGQueuer queue: /metrics\n", {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  })
}
