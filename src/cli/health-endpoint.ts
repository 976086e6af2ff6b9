import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { type Health, healthOf } from "../app/health.js"
import { healthHandler } from "../app/health-handler.js"
import { type ErrorCode, PgQueuerError } from "../domain/errors.js"
import type { FromHealthThread, HealthThreadStart, ToHealthThread } from "./health-message.js"

/** Something that says how it is. */
export interface HealthSource {
  health(): Health
}

/** How often the event loop shows that it turns. */
const signOfLifeMs = 250

/** Until the worker says otherwise. */
const defaultHeartbeatTimeoutMs = 30_000

/**
 * The endpoint of `--health-port`: answers from before the worker is made until after it has stopped. It is served from a thread, which asks
 * here, and answers by itself while the event loop is blocked.
 */
export class HealthEndpoint {
  readonly url: string
  readonly #thread: Worker
  readonly #timer: NodeJS.Timeout
  readonly #current: Current

  private constructor(url: string, thread: Worker, timer: NodeJS.Timeout, current: Current) {
    this.url = url
    this.#thread = thread
    this.#timer = timer
    this.#current = current
  }

  /**
   * @param onLost - the thread has died, which must not end the worker; probes get no answer from then on
   * @throws PgQueuerError `PGQ_PORT_UNAVAILABLE`
   */
  static async open(host: string, port: number, onLost: (error: unknown) => void): Promise<HealthEndpoint> {
    const since = new Date()
    const current: Current = { source: { health: () => healthOf({ state: "starting", since }, since, undefined) } }
    const signOfLife = new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT))
    const heartbeatTimeoutMs = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    heartbeatTimeoutMs[0] = defaultHeartbeatTimeoutMs
    const live = () => void Atomics.store(signOfLife, 0, process.hrtime.bigint())
    live()
    const workerData: HealthThreadStart = { host, port, signOfLife, heartbeatTimeoutMs }
    const thread = new Worker(new URL("./health-thread.js", import.meta.url), { workerData, execArgv: [] })
    const url = await opened(thread)
    thread.on("error", onLost)
    thread.unref()
    const handle = healthHandler({
      health() {
        const health = current.source.health()
        if (health.heartbeat !== null) Atomics.store(heartbeatTimeoutMs, 0, health.heartbeat.timeoutMs)
        return health
      },
    })
    thread.on("message", (message: FromHealthThread) => void answer(thread, handle, message))
    return new HealthEndpoint(url, thread, setInterval(live, signOfLifeMs).unref(), current)
  }

  /** From now on it answers for this worker. */
  watch(source: HealthSource): void {
    this.#current.source = source
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#thread.terminate()
  }
}

interface Current {
  source: HealthSource
}

async function opened(thread: Worker): Promise<string> {
  const [message] = (await once(thread, "message")) as [FromHealthThread]
  if (message.kind === "open") return message.url
  await thread.terminate()
  const { message: text, code, remedy } = message as FromHealthThread & { readonly kind: "failed" }
  throw code === undefined ? new Error(text) : new PgQueuerError(code as ErrorCode, text, { remedy: remedy ?? "" })
}

async function answer(thread: Worker, handle: (request: Request) => Response, message: FromHealthThread) {
  if (message.kind !== "asked") return
  const { id, method, url } = message
  const { status, headers, body } = await textOf(() => handle(new Request(url, { method })))
  thread.postMessage({ id, status, headers, body } satisfies ToHealthThread)
}

async function textOf(ask: () => Response): Promise<Omit<ToHealthThread, "id">> {
  try {
    const response = ask()
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
  } catch {
    return { status: 500, headers: {}, body: "" }
  }
}
