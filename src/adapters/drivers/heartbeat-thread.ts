import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { Driver } from "../../ports/driver.js"
import type { HeartbeatThread } from "../../ports/heartbeat-thread.js"
import { driverError, unsupported } from "./driver-error.js"
import { type FromThread, type HeartbeatStart, nowUs, type ToThread } from "./heartbeat-message.js"

/** A thread that does not end by itself after so long is ended. */
const patienceMs = 2_000

/**
 * Starts the heartbeat thread of a worker: with a connection of its own, made from the settings of the driver.
 *
 * @throws PgQueuerError `PGQ_UNSUPPORTED` when the driver cannot give them, `PGQ_CONNECTION_FAILED`
 */
export async function openHeartbeatThread(
  driver: Driver,
  statement: string,
  intervalMs: number,
  onFailure: (error: unknown) => void,
): Promise<HeartbeatThread> {
  if (driver.connectionSettings === undefined) {
    const remedy = "Use a driver of pg or postgres.js that makes its own connections, or leave heartbeatThread out."
    throw unsupported(driver.label, "a heartbeat thread", remedy)
  }
  const lastBeat = new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT))
  const workerData: HeartbeatStart = { connection: driver.connectionSettings(), statement, intervalMs, lastBeat }
  // Flags of the process, such as --input-type or a test runner's loaders, would keep the thread from starting.
  const worker = new Worker(new URL("./heartbeat-entry.js", import.meta.url), { workerData, execArgv: [] })
  const [first] = (await once(worker, "message")) as [FromThread]
  if (first.kind === "failed") {
    await worker.terminate()
    throw driverError(asError(first), "connect")
  }
  // The process may end while the thread still runs; they end together.
  worker.unref()
  worker.on("message", (message: FromThread) => {
    if (message.kind === "failed") onFailure(asError(message))
  })
  worker.on("error", onFailure)
  return new WorkerThread(worker, lastBeat)
}

class WorkerThread implements HeartbeatThread {
  readonly #worker: Worker
  readonly #lastBeat: BigInt64Array

  constructor(worker: Worker, lastBeat: BigInt64Array) {
    this.#worker = worker
    this.#lastBeat = lastBeat
  }

  beatFor(workerId: string): void {
    this.#send({ kind: "beat for", workerId })
  }

  ageMs(): number {
    const at = Atomics.load(this.#lastBeat, 0)
    return at === 0n ? Number.POSITIVE_INFINITY : Number(nowUs() - at) / 1_000
  }

  async stop(): Promise<void> {
    const ended = once(this.#worker, "exit")
    this.#worker.ref()
    this.#send({ kind: "stop" })
    const timer = setTimeout(() => void this.#worker.terminate(), patienceMs)
    await ended
    clearTimeout(timer)
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message)
  }
}

function asError({ message, code }: FromThread & { readonly kind: "failed" }): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}
