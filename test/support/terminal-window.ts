import { execFile, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { promisify } from "node:util"
import { onTestFinished, vi } from "vitest"
import { pgqFile } from "./command-line.js"

const run = promisify(execFile)

/** Whether there are terminals to be had. */
export const hasTmux = spawnSync("tmux", ["-V"]).status === 0

interface WindowOptions {
  readonly columns?: number
  readonly rows?: number
  readonly environment: Readonly<Record<string, string>>
}

/** A real terminal, of tmux, with a shell in it; closed when the test has finished. */
export class TerminalWindow {
  readonly #socket: string

  /** Opens it, and waits for the shell. */
  static async open({ columns = 90, rows = 24, environment }: WindowOptions): Promise<TerminalWindow> {
    const window = new TerminalWindow(`pgq-${randomBytes(6).toString("hex")}`)
    const size = ["-x", String(columns), "-y", String(rows)]
    const variables = Object.entries({ ...environment, LC_ALL: "C.UTF-8", HISTFILE: "" })
    await run("env", [
      ...[
        "-u",
        "TMUX",
        "-u",
        "NO_COLOR",
        "-u",
        "NODE_OPTIONS",
        ...variables.map(([name, value]) => `${name}=${value}`),
      ],
      ...[
        "tmux",
        "-u",
        "-L",
        window.#socket,
        "-f",
        "/dev/null",
        "new-session",
        "-d",
        ...size,
        "env PS1='$ ' bash --norc --noprofile",
      ],
    ])
    onTestFinished(async () => void (await window.#tmux("kill-server").catch(() => {})))
    await window.shows("$")
    return window
  }

  private constructor(socket: string) {
    this.#socket = socket
  }

  /** Types a command of `pgq` and Enter. */
  async pgq(args: string): Promise<void> {
    await this.enter(`${process.execPath} ${pgqFile} ${args}`)
  }

  async enter(command: string): Promise<void> {
    await this.type(command)
    await this.press("Enter")
  }

  async type(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text)
  }

  /** Keys by the names that tmux has for them: `Enter`, `C-c`, `Up`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux("send-keys", ...keys)
  }

  /** To what the shell is running. */
  async signal(name: NodeJS.Signals): Promise<void> {
    const { stdout } = await run("ps", ["-o", "pid=", "--ppid", await this.property("pane_pid")])
    process.kill(Number(stdout), name)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows))
  }

  /** The screen as text, a line a row. */
  async screen(): Promise<string> {
    return (await this.#tmux("capture-pane", "-p")).replace(/[ \n]+$/, "")
  }

  /** The same with colours and attributes as escape sequences. */
  async styledScreen(): Promise<string> {
    return this.#tmux("capture-pane", "-p", "-e")
  }

  /** What tmux knows of the terminal, such as `alternate_on`, `cursor_flag` and `pane_title`. */
  async property(name: string): Promise<string> {
    return (await this.#tmux("display-message", "-p", `#{${name}}`)).trim()
  }

  /** Waits until the screen is like this, and answers with it. */
  async shows(expected: string | RegExp, timeout = 20_000): Promise<string> {
    return vi.waitFor(
      async () => {
        const screen = await this.screen()
        const isThere = typeof expected === "string" ? screen.includes(expected) : expected.test(screen)
        if (!isThere) throw new Error(`no ${expected} on:\n${screen}`)
        return screen
      },
      { timeout, interval: 50 },
    )
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout } = await run("tmux", ["-u", "-L", this.#socket, ...args])
    return stdout
  }
}
