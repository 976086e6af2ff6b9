/** One process to run, and what to do when whoever asked for it is gone. Travels as JSON. */
export interface WatchOrder {
  readonly command: string
  readonly args: readonly string[]
  readonly workingDirectory: string
  readonly environment: Readonly<Record<string, string>>
  readonly user: { readonly uid: number; readonly gid: number } | null
  /** Where its stdout and stderr go; appended to. */
  readonly logFile: string
  /** Removed with all it holds when the owner ends before it. */
  readonly orphanFolder: string | null
  /** How long SIGINT, then SIGQUIT, may take before the next signal follows; SIGKILL is the last. */
  readonly patienceMs: number
}

/** What the watchdog tells its owner, one JSON text a line. */
export type WatchReport =
  | { readonly event: "started"; readonly pid: number }
  | { readonly event: "refused"; readonly reason: string }
  | { readonly event: "ended"; readonly code: number | null; readonly signal: string | null }

/** What the owner may ask for: PostgreSQL's fast and immediate shutdown. */
export type EndSignal = "SIGINT" | "SIGQUIT"

/**
 * The program of the watchdog, for `node -e`: it runs one process as its child, and ends it when its own stdin ends,
 * which happens however its owner dies. It ends with that child, so a signal never meets a recycled pid.
 *
 * It is a text because a file would have to be found at run time: not where the package is bundled into one file,
 * nor where its TypeScript is run as it is.
 */
export const watchdogProgram = `(${watch.toString()})()`

// Self-contained: nothing outside of this function exists where it runs.
function watch(): void {
  const { spawn } = process.getBuiltinModule("node:child_process")
  const { closeSync, openSync, rmSync } = process.getBuiltinModule("node:fs")
  const order = JSON.parse(process.argv.at(-1) as string) as WatchOrder
  const signals = ["SIGINT", "SIGQUIT", "SIGKILL"] as const
  let orphaned = false

  process.title = "pgqueuer-watchdog"
  // A terminal or a service manager signals whole groups; what counts here is only whether the owner lives.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {})
  process.stdout.on("error", () => {})

  const log = openSync(order.logFile, "a", 0o600)
  const child = spawn(order.command, order.args, {
    cwd: order.workingDirectory,
    env: order.environment,
    stdio: ["ignore", log, log],
    windowsHide: true,
    ...(order.user ?? {}),
  })
  closeSync(log)
  child.on("spawn", () => report({ event: "started", pid: child.pid as number }))
  child.on("error", (error) => {
    if (child.pid === undefined) finish({ event: "refused", reason: error.message })
  })
  child.on("exit", (code, signal) => finish({ event: "ended", code, signal }))

  process.stdin.setEncoding("utf8")
  process.stdin.on("data", (text) => end(String(text).includes("SIGQUIT") ? 1 : 0))
  process.stdin.on("error", orphan)
  process.stdin.on("close", orphan)

  function orphan(): void {
    orphaned = true
    end(0)
  }

  function end(step: number): void {
    const signal = signals[step]
    if (signal === undefined) return
    child.kill(signal)
    setTimeout(() => end(step + 1), order.patienceMs)
  }

  function finish(last: WatchReport): void {
    if (orphaned && order.orphanFolder !== null) {
      rmSync(order.orphanFolder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    }
    process.stdout.write(`${JSON.stringify(last)}\n`, () => process.exit(0))
  }

  function report(what: WatchReport): void {
    process.stdout.write(`${JSON.stringify(what)}\n`)
  }
}
