import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const longestTail = 4_000

/** A process of the demo. Its output is kept for the case that it fails. */
export class Child {
  readonly exited: Promise<number | NodeJS.Signals>
  readonly #process: ChildProcess
  #output = ""
  #log = ""

  private constructor(child: ChildProcess) {
    this.#process = child
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text
    })
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log = (this.#log + text).slice(-longestTail)
    })
    this.exited = new Promise((resolve) => {
      child.once("close", (code, signal) => resolve(code ?? signal ?? 1))
      child.once("error", (error) => {
        this.#log += String(error)
        resolve(1)
      })
    })
  }

  /** @param module - what it runs */
  static worker(module: "worker.js" | "shop-worker.js" = "worker.js"): Child {
    return Child.#start("../main.js", "run", `${pathOf(module)}:main`)
  }

  static producer(): Child {
    return Child.#start("producer.js")
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  get output(): string {
    return this.#output
  }

  /** The last of what it wrote to stderr. */
  get log(): string {
    return this.#log.trim()
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | NodeJS.Signals> {
    if (this.isRunning) this.#process.kill(signal)
    return this.exited
  }

  static #start(script: string, ...args: readonly string[]): Child {
    return new Child(spawn(process.execPath, [pathOf(script), ...args], { stdio: "pipe" }))
  }
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
