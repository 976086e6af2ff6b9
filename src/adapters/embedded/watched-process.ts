import { type ChildProcess, spawn } from "node:child_process"
import type { Socket } from "node:net"
import { parse } from "node:path"
import { createInterface } from "node:readline"
import { PgQueuerError } from "../../domain/errors.js"
import { environmentFor } from "./environment.js"
import { type EndSignal, type WatchOrder, type WatchReport, watchdogProgram } from "./watchdog.js"

/** `watchdogLost`: nobody can say any more what became of the process. */
type Exit =
  | { readonly how: "ended"; readonly code: number | null; readonly signal: string | null }
  | { readonly how: "watchdogLost" }

/** A process that ends when this one does, even by SIGKILL; it does not keep this one alive. */
export interface WatchedProcess {
  readonly pid: number
  readonly exited: Promise<Exit>
  /** Asks it to end; signals of more force follow by themselves. */
  end(signal: EndSignal): void
}

/** @throws PgQueuerError `PGQ_EMBEDDED_FAILED` when the process cannot be started */
export function startWatched(order: WatchOrder): Promise<WatchedProcess> {
  const watchdog = spawn(process.execPath, ["-e", watchdogProgram, "--", JSON.stringify(order)], {
    // A session of its own: Ctrl-C in the owner's terminal reaches neither the watchdog nor what it runs.
    detached: true,
    cwd: parse(process.cwd()).root,
    env: { ...environmentFor(process.env), ELECTRON_RUN_AS_NODE: "1" },
    stdio: ["pipe", "pipe", "ignore"],
    windowsHide: true,
  })
  return new Promise((resolve, reject) => {
    let settleExit: (exit: Exit) => void
    const exited = new Promise<Exit>((settle) => {
      settleExit = settle
    })
    const failed = (reason: string, cause?: unknown) =>
      reject(
        new PgQueuerError("PGQ_EMBEDDED_FAILED", `${order.command} could not be started: ${reason}`, {
          remedy: "Look at the reason; `binDirectory` chooses other PostgreSQL binaries.",
          cause,
        }),
      )
    watchdog.on("error", (error) => failed(error.message, error))
    watchdog.stdin.on("error", () => {})
    const lines = createInterface({ input: watchdog.stdout })
    lines.on("line", (line) => {
      const report = JSON.parse(line) as WatchReport
      switch (report.event) {
        case "started":
          detach(watchdog)
          return resolve({ pid: report.pid, exited, end: (signal) => void watchdog.stdin.write(`${signal}\n`) })
        case "refused":
          return failed(report.reason)
        case "ended":
          return settleExit({ how: "ended", code: report.code, signal: report.signal })
      }
    })
    lines.on("close", () => {
      failed("its watchdog ended first")
      settleExit({ how: "watchdogLost" })
    })
  })
}

/** A watched process does not keep this one alive; what is awaited must. */
export async function holdOpen<T>(promise: Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 60_000)
  return promise.finally(() => clearInterval(hold))
}

function detach(watchdog: ChildProcess): void {
  watchdog.unref()
  for (const stream of [watchdog.stdin, watchdog.stdout]) (stream as Socket | null)?.unref()
}
