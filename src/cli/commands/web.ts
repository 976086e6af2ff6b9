import type { Command } from "commander"
import type { DashboardOptions } from "../../dashboard/index.js"
import type { Cli, GlobalOptions } from "../cli.js"
import { withQueries } from "../connection.js"
import { listArgument, usageError, wholeNumberArgument } from "../usage.js"
import { localAccess } from "../web/local-access.js"
import { dashboardConnections, defaultWebPort, openDashboard } from "../web/open-dashboard.js"
import { readUsers } from "../web/users.js"

interface WebOptions extends GlobalOptions {
  readonly port: number
  readonly host: string
  readonly authFile?: string
  readonly write?: true
  readonly redact?: readonly string[]
  readonly title?: string
  readonly basePath?: string
}

export function addWebCommand(program: Command, cli: Cli): void {
  program
    .command("web")
    .description("the web dashboard; credentials come by PGQUEUER_WEB_AUTH, PGQUEUER_WEB_TOKEN or --auth-file")
    .option(
      "--port <port>",
      "where it answers; 0: any free port",
      wholeNumberArgument("--port", 0, 65_535),
      defaultWebPort,
    )
    .option("--host <address>", "beyond loopback only with credentials", "127.0.0.1")
    .option(
      "--auth-file <file>",
      "who may log in: a line name:password each, and behind a space viewer, operator or admin",
    )
    .option("--write", "also act: cancel, requeue, delete, run again …")
    .option(
      "--redact <paths>",
      "fields that nobody gets to see: password,user.card",
      (text: string, before?: readonly string[]) => [...(before ?? []), ...listArgument("--redact")(text)],
    )
    .option("--title <text>", "in the corner and in the window's title")
    .option("--base-path <path>", "under which a proxy has it, such as /queue")
    .action((_options, command: Command) => web(cli, command.optsWithGlobals<WebOptions>()))
}

async function web({ terminal }: Cli, options: WebOptions): Promise<void> {
  const { credentialsOf } = await import("../../dashboard/index.js")
  const users = readUsers(options.authFile)
  const token = process.env["PGQUEUER_WEB_TOKEN"] || undefined
  const isOpen = users.length === 0 && token === undefined
  if (isOpen && !isLoopback(options.host)) {
    throw usageError(
      `--host ${options.host} can be reached by others, and nobody would have to log in`,
      "Set PGQUEUER_WEB_AUTH=name:password or PGQUEUER_WEB_TOKEN, give --auth-file, or leave --host out.",
    )
  }
  const access: Partial<DashboardOptions> = isOpen
    ? localAccess
    : { credentials: credentialsOf({ users, ...(token === undefined ? {} : { token }) }) }
  const stopped = stopSignal()
  await withQueries(
    options,
    async ({ driver, placement }) => {
      const { host, port, title, basePath, redact, write = false } = options
      const given = Object.entries({ title, basePath, redact }).filter(([, value]) => value !== undefined)
      const opened = await openDashboard(
        driver,
        { host, port },
        { ...access, ...placement, ...Object.fromEntries(given), write },
      )
      terminal.print(opened.url)
      terminal.note(`pgq: ${write ? "actions are allowed" : "read-only; --write allows actions"}; Ctrl-C stops`)
      await stopped
      await opened.close()
    },
    { connections: dashboardConnections },
  )
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** Resolves at the first signal to stop. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve())
  })
}
