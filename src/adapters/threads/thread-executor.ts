import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import type { Piscina } from "piscina"
import { PgQueuerError } from "../../domain/errors.js"
import type { Job } from "../../domain/job.js"
import { anyValue, checkOptions, show, wholeNumber } from "../../domain/options.js"
import type { Attempt, Executor } from "../../ports/executor.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import { Slots } from "./slots.js"
import { type Answer, fromAnswer, type Task } from "./thread-message.js"

export interface ThreadExecutorOptions {
  /** The module that holds the handler, as a file URL: `new URL("./resize.js", import.meta.url)`. */
  readonly module: URL | string
  /** The name under which the module exports the handler; default `"default"`. */
  readonly export?: string
  /** So many jobs run at once, each in a thread; 1 to 1,024, default: one thread fewer than the machine runs at once, at least one. */
  readonly maxThreads?: number
  /** A thread whose JavaScript objects need more than so many MB ends, and its attempt has failed; default: as Node has it. Buffers don't count. */
  readonly memoryLimitMb?: number
}

/** An idle thread is kept for so long: a new one takes some 50 ms. */
const idleTimeoutMs = 30_000

/**
 * Runs the handler in a thread, so that computing does not hold up heartbeats and other jobs: the function that a module exports, with
 * the job and a {@link ThreadContext}. The handler given to `entrypoint` is not called.
 *
 * When the signal aborts, the thread is ended wherever it is. One that ends by itself (memory limit, `process.exit`, an error outside of
 * the handler) fails its attempt with `PGQ_THREAD_LOST`; the next job gets a new one. Needs the package piscina.
 */
export class ThreadExecutor implements Executor, AsyncDisposable {
  readonly #module: string
  readonly #export: string
  readonly #memoryLimitMb: number | undefined
  readonly #maxThreads: number
  readonly #slots: Slots
  readonly #PiscinaClass: typeof Piscina
  #pool: Piscina<Task, Answer> | undefined
  #log: Logger | undefined

  /** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_MODULE_INVALID` when the module or piscina is not there */
  constructor(options: ThreadExecutorOptions) {
    checkOptions("ThreadExecutor", options ?? null, checks)
    this.#module = checkModule(options.module)
    this.#export = options.export ?? "default"
    this.#memoryLimitMb = options.memoryLimitMb
    this.#maxThreads = options.maxThreads ?? Math.max(1, availableParallelism() - 1)
    this.#slots = new Slots(this.#maxThreads)
    this.#PiscinaClass = loadPiscina()
  }

  async execute(_run: () => unknown, job: Job, attempt: Attempt): Promise<unknown> {
    this.#log = attempt.log
    await this.#slots.take(attempt.signal)
    try {
      return fromAnswer(await this.#runInThread(job, attempt))
    } finally {
      this.#slots.give()
    }
  }

  /** Ends all threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await pool?.destroy()
  }

  async #runInThread(job: Job, { signal, number }: Attempt): Promise<Answer> {
    this.#pool ??= this.#openPool()
    const task: Task = { module: this.#module, exportName: this.#export, job, context: { attempt: number } }
    try {
      return await this.#pool.run(task, { signal })
    } catch (cause) {
      throw signal.aborted ? signal.reason : this.#threadLost(cause)
    }
  }

  #openPool(): Piscina<Task, Answer> {
    const pool = new this.#PiscinaClass<Task, Answer>({
      filename: fileURLToPath(new URL("./thread-entry.js", import.meta.url)),
      minThreads: 0,
      maxThreads: this.#maxThreads,
      idleTimeout: idleTimeoutMs,
      // Between two jobs a thread's timers and sockets shall have their turn.
      atomics: "disabled",
      ...(this.#memoryLimitMb === undefined
        ? {}
        : { resourceLimits: { maxOldGenerationSizeMb: this.#memoryLimitMb, maxYoungGenerationSizeMb: 16 } }),
    })
    pool.on("error", (error) => {
      if (this.#log !== undefined) logEvent(this.#log, "thread.ended", "a thread ended while it had no job", { error })
    })
    return pool
  }

  #threadLost(cause: unknown): PgQueuerError {
    const isMemory = (cause as NodeJS.ErrnoException | null)?.code === "ERR_WORKER_OUT_OF_MEMORY"
    const limit = this.#memoryLimitMb === undefined ? "its memory limit" : `its limit of ${this.#memoryLimitMb} MB`
    const why = isMemory ? `it needed more than ${limit}` : cause instanceof Error ? cause.message : String(cause)
    return new PgQueuerError("PGQ_THREAD_LOST", `the thread of this job ended before the job did: ${why}`, {
      remedy: isMemory
        ? "Raise memoryLimitMb, or let the handler take less at once."
        : "Let the handler return or throw; catch errors in callbacks, and leave process.exit out of it.",
      cause,
    })
  }
}

const checks = {
  module: anyValue,
  export: (value: unknown) => (typeof value === "string" && value !== "" ? undefined : "must be the name of an export"),
  maxThreads: wholeNumber(1, 1_024),
  memoryLimitMb: wholeNumber(1, 1_048_576),
}

function checkModule(module: unknown): string {
  const url = module instanceof URL ? module.href : module
  if (typeof url !== "string" || !url.startsWith("file:")) {
    throw new PgQueuerError("PGQ_OPTION_INVALID", `ThreadExecutor: module is no file URL, but ${show(url)}`, {
      remedy: 'Give new URL("./handler.js", import.meta.url).',
    })
  }
  if (existsSync(fileURLToPath(url))) return url
  throw new PgQueuerError("PGQ_MODULE_INVALID", `ThreadExecutor: there is no file ${fileURLToPath(url)}`, {
    remedy: "Correct the URL; it is relative to import.meta.url of the file that names it.",
  })
}

function loadPiscina(): typeof Piscina {
  try {
    return (createRequire(import.meta.url)("piscina") as typeof import("piscina")).Piscina
  } catch (cause) {
    throw new PgQueuerError("PGQ_MODULE_INVALID", "ThreadExecutor needs the package piscina, which cannot be loaded", {
      remedy: "Install it: npm install piscina",
      cause,
    })
  }
}
