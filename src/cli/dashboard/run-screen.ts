import { inspect } from "node:util"
import { systemClock, wallTime } from "../../adapters/system/clock.js"
import { redact } from "../../domain/redact.js"
import type { Terminal } from "../terminal.js"
import type { Model } from "./frame.js"
import { LiveDashboard } from "./live-dashboard.js"
import type { DashboardReader } from "./reader.js"
import { Screen } from "./screen.js"

interface ScreenOptions extends Pick<Model, "intervalMs" | "tail" | "format" | "place"> {
  readonly reader: DashboardReader
  readonly breakOff: () => void
}

/** Whether somebody sits there who can see a screen and press keys. */
export function hasScreen(): boolean {
  return process.stdout.isTTY === true && process.stdin.isTTY === true && process.env["TERM"] !== "dumb"
}

/** The dashboard over the whole terminal, until it is left by a key or a signal. The terminal is then as it was. */
export async function runScreen(terminal: Terminal, options: ScreenOptions): Promise<void> {
  const dashboard: LiveDashboard = new LiveDashboard({
    ...options,
    clock: systemClock,
    random: Math.random,
    now: wallTime,
    unicode: isUnicode(),
    suspend: () => suspend(),
    display: {
      get size() {
        return screen.size
      },
      show: (lines) => screen.show(lines),
      forget: () => screen.forget(),
    },
  })
  const screen = new Screen(process.stdin, process.stdout, terminal.colors.isColorSupported, {
    onKey: (key) => dashboard.press(key),
    onResize: () => dashboard.draw(),
  })
  await dashboard.readFirst()

  const leave = () => dashboard.leave()
  const back = () => {
    screen.enter()
    dashboard.draw()
  }
  const continued = () => {
    // Whoever stopped us from outside has left the terminal as he liked it.
    screen.leave()
    back()
  }
  const suspend = () => {
    screen.leave()
    process.off("SIGTSTP", suspend)
    process.off("SIGCONT", continued)
    // To all of the group, as the terminal itself does it: npx waits for us and must stop, too.
    process.kill(0, "SIGTSTP")
    // Stopped, the process comes to this when it goes on; where nobody could stop it, at once.
    setTimeout(() => {
      process.on("SIGTSTP", suspend)
      process.on("SIGCONT", continued)
      back()
    }, 50)
  }
  const crash = (error: unknown) => {
    screen.leave()
    terminal.note(redact(`pgq: uncaught: ${inspect(error)}`))
    process.exit(1)
  }
  const signals = { SIGINT: leave, SIGTERM: leave, SIGHUP: leave, SIGTSTP: suspend, SIGCONT: continued } as const
  for (const [name, listener] of Object.entries(signals)) process.on(name, listener)
  for (const name of ["uncaughtException", "unhandledRejection"] as const) process.on(name, crash)
  process.stdout.once("error", leave)
  try {
    screen.enter()
    await dashboard.run()
  } finally {
    screen.leave()
    for (const [name, listener] of Object.entries(signals)) process.off(name, listener)
    for (const name of ["uncaughtException", "unhandledRejection"] as const) process.off(name, crash)
  }
}

/** Unless the locale names another encoding. Many containers name none, and their terminals show all the same. */
function isUnicode(): boolean {
  const locale = process.env["LC_ALL"] || process.env["LC_CTYPE"] || process.env["LANG"] || ""
  return process.env["TERM"] !== "linux" && (!locale.includes(".") || /utf-?8/i.test(locale))
}
