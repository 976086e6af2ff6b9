import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { OrderMessage, OrderName, Orders, ParticipantMessage } from "./participant-orders.ts"

/** No order of any workload takes so long; one that does has failed. */
const orderTimeoutMs = 300_000

export interface ParticipantParts {
  readonly system: string
  readonly url: string
  /** Where our package is loaded from. */
  readonly entry: URL
  /** Aborted, it ends the process at once. */
  readonly signal: AbortSignal
}

/** A process of its own that runs one system: a producer, a worker, or both. */
export class Participant {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  #orders = 0
  #handled = 0
  #ended: Error | undefined

  constructor({ system, url, entry, signal }: ParticipantParts) {
    this.#child = fork(fileURLToPath(new URL("participant-process.ts", import.meta.url)), [system, url, entry.href], {
      execArgv: process.execArgv,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      signal,
      killSignal: "SIGKILL",
    })
    this.#child.on("message", (message) => this.#hear(message as ParticipantMessage))
    this.#child.on("exit", (code, signal) => this.#end(new Error(`the participant ended with ${signal ?? code}`)))
    this.#child.on("error", (error) => this.#end(error))
  }

  /** Handler calls that have ended, as last reported: a few milliseconds old. */
  get handled(): number {
    if (this.#ended !== undefined) throw this.#ended
    return this.#handled
  }

  async do<O extends OrderName>(
    order: O,
    ...[argument]: Orders[O]["argument"] extends undefined ? [] : [Orders[O]["argument"]]
  ): Promise<Orders[O]["answer"]> {
    if (this.#ended !== undefined) throw this.#ended
    const id = ++this.#orders
    const { promise, resolve, reject } = Promise.withResolvers<Orders[O]["answer"]>()
    const timer = setTimeout(() => reject(new Error(`${order} took over ${orderTimeoutMs} ms`)), orderTimeoutMs)
    this.#waiting.set(id, { resolve, reject })
    this.#child.send({ id, order, argument } satisfies OrderMessage)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  /** Lets it leave in order, by force after five seconds. */
  async leave(): Promise<void> {
    if (this.#ended !== undefined) return
    const exited = new Promise((resolve) => this.#child.once("exit", resolve))
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 5_000)
    this.do("leave").catch(() => {})
    await exited
    clearTimeout(force)
  }

  #hear(message: ParticipantMessage): void {
    switch (message.kind) {
      case "answer":
        this.#waiting.get(message.id)?.resolve(message.answer as never)
        break
      case "error":
        this.#waiting.get(message.id)?.reject(new Error(message.error))
        break
      case "handled":
        this.#handled = message.count
    }
  }

  #end(error: Error): void {
    this.#ended = error
    for (const { reject } of this.#waiting.values()) reject(error)
  }
}
