import type { Terminal } from "../terminal.js"
import { totalJobs } from "./plan.js"

const barWidth = 30
const lineEveryMs = 1_000

/** How far the demo is: one line that moves on a terminal, a line a second into a pipe. */
export class Progress {
  readonly #terminal: Terminal
  readonly #quiet: boolean
  #lineAt = 0
  #isShown = false

  constructor(terminal: Terminal, quiet: boolean) {
    this.#terminal = terminal
    this.#quiet = quiet
  }

  /** Something happened. */
  say(text: string): void {
    if (this.#quiet) return
    this.clear()
    this.#terminal.print(text)
  }

  /** @returns the same number */
  show(ended: number): number {
    if (this.#quiet) return ended
    const text = `${ended.toLocaleString("en")} of ${totalJobs.toLocaleString("en")} jobs ended`
    if (this.#terminal.isTty) {
      const full = Math.floor((Math.min(ended, totalJobs) / totalJobs) * barWidth)
      const { green, dim } = this.#terminal.colors
      this.#terminal.write(`\r\x1b[2K${green("█".repeat(full))}${dim("░".repeat(barWidth - full))} ${text}`)
      this.#isShown = true
    } else if (performance.now() >= this.#lineAt) {
      this.#lineAt = performance.now() + lineEveryMs
      this.#terminal.print(text)
    }
    return ended
  }

  clear(): void {
    if (this.#isShown) this.#terminal.write("\r\x1b[2K")
    this.#isShown = false
  }
}
