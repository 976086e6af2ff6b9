import { PgQueuerError } from "../domain/errors.js"
import type { Job } from "../domain/job.js"
import type { AnyJobs, JobMap, JobName } from "../domain/job-types.js"
import { checkEntrypoint } from "../domain/names.js"
import { aSignal, checkOptions, oneOf, show } from "../domain/options.js"
import type { Retention } from "../domain/retention.js"
import type { Clock, Random } from "../ports/clock.js"
import type { Driver, Queryable } from "../ports/driver.js"
import type { Executor } from "../ports/executor.js"
import type { OpenHeartbeatThread } from "../ports/heartbeat-thread.js"
import { type Logger, logEvent } from "../ports/logger.js"
import type { RetentionStore } from "../ports/retention-store.js"
import type { Tracing } from "../ports/tracing.js"
import type { WorkerStore } from "../ports/worker-store.js"
import { disposeAll } from "./dispose.js"
import { executeWith } from "./executors/execute-with.js"
import type { Handler, HandlerOf } from "./handler.js"
import { type Health, type HealthState, healthOf, type Life } from "./health.js"
import type { ScheduleEntry } from "./schedules/schedule-handler.js"
import { type EntrypointTypes, isTypedEntrypoint, type TypedEntrypoint } from "./typed-entrypoint.js"
import { type EntrypointOptions, resolveEntrypointOptions } from "./worker/entrypoint-options.js"
import { EventHub, type EventListener, type WorkerEvents } from "./worker/events.js"
import { type JobContext, RunContext } from "./worker/job-context.js"
import type { Entrypoint, Run } from "./worker/job-pool.js"
import type { Notes } from "./worker/notes.js"
import { hurry, Worker } from "./worker/worker.js"
import { type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from "./worker/worker-options.js"

export interface RunOptions {
  /** `"continuous"` (default) runs until it is stopped; `"drain"` ends when this worker can claim nothing more. */
  readonly mode?: "continuous" | "drain"
  /** Aborted, it stops the worker gracefully. */
  readonly signal?: AbortSignal
}

export interface QueueManagerParts<Q, R> {
  readonly driver: Driver
  readonly channel: string
  readonly clock: Clock
  readonly random: Random
  /** The time of day. */
  now(): Date
  readonly log: Logger
  /** Lines about jobs have their payloads, too. */
  readonly logPayloads: boolean
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly options: ResolvedWorkerOptions
  /** The largest result of a handler, as JSON. */
  readonly maxResultBytes: number
  readonly resources: R
  readonly queries: Q
  readonly retention: Retention
  readonly retentionStore: RetentionStore
  makeStore(on: Queryable): WorkerStore
  readonly openHeartbeatThread: OpenHeartbeatThread
  readonly tracing?: Tracing | undefined
  /** Refuses a database that does not fit. */
  checkSchema(): Promise<void>
}

/** Claims jobs and runs their handlers: the queue half of `PgQueuer`, which also works alone. */
export class QueueManager<Q, R, J extends JobMap<J> = AnyJobs> {
  readonly #parts: QueueManagerParts<Q, R>
  readonly #events: EventHub
  readonly #entrypoints = new Map<string, Entrypoint>()
  #worker: Worker | undefined
  #life: Life
  #options: ResolvedWorkerOptions
  #stop: ((reason: "stop" | "now") => void) | undefined
  #running: Promise<void> | undefined

  constructor(parts: QueueManagerParts<Q, R>) {
    this.#parts = parts
    this.#options = parts.options
    this.#life = { state: "starting", since: parts.now() }
    this.#events = new EventHub((event, error) => {
      logEvent(parts.log, "listener.failed", `a listener of the event ${event} threw`, { on: event, error })
    })
  }

  /** @internal */
  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** The names that have a handler. */
  get entrypoints(): readonly string[] {
    return [...this.#entrypoints.keys()]
  }

  /**
   * Registers the handler of an entrypoint, by its name or as it was defined. Before `run`.
   *
   * @param options - win over those of the definition
   * @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID` for a handler that is no function or a name that has one,
   * `PGQ_WORKER_STATE` while the worker runs
   */
  entrypoint<K extends JobName<J>>(name: K, handler: HandlerOf<Q, R, J, K>, options?: EntrypointOptions): void
  entrypoint<T extends EntrypointTypes>(
    definition: TypedEntrypoint<T>,
    handler: Handler<Q, R, T["payload"], T["returned"]>,
    options?: EntrypointOptions,
  ): void
  entrypoint(what: unknown, given: unknown, options?: EntrypointOptions): void {
    const definition = isTypedEntrypoint(what) ? what : undefined
    const name = definition?.name ?? what
    checkEntrypoint(name)
    const resolved = resolveEntrypointOptions(
      name,
      definition === undefined ? options : { ...definition.options, ...options },
    )
    const handler = given as Handler<Q, R>
    if (this.#running !== undefined) throw wrongState("entrypoints are registered before run")
    if (typeof handler !== "function") {
      throw new PgQueuerError("PGQ_OPTION_INVALID", `the handler of ${show(name)} is ${show(handler)}`, {
        remedy: "Give a function: (job, context) => …",
      })
    }
    if (this.#entrypoints.has(name)) {
      throw new PgQueuerError("PGQ_OPTION_INVALID", `the entrypoint ${show(name)} has a handler already`, {
        remedy: "Register each entrypoint once.",
      })
    }
    // Payload and result are checked around the executor: it may call the handler several times, or run something else.
    const executed = this.#runOf(handler as Run, resolved.executor)
    const run = definition === undefined ? executed : definition.checked(executed as Handler<Q, R>)
    this.#entrypoints.set(name, { run: run as Run, options: resolved })
  }

  /** How the worker is at this moment. */
  health(): Health {
    const worker = this.#life.state === "ready" || this.#life.state === "draining" ? this.#worker?.health : undefined
    return healthOf(this.#life, this.#parts.now(), worker)
  }

  on<E extends keyof WorkerEvents>(event: E, listener: EventListener<E>): () => void {
    return this.#events.on(event, listener)
  }

  /** The context of a job that runs here. */
  getContext(id: string): JobContext<Q, R> | undefined {
    return this.#worker?.contextOf(id) as RunContext<Q, R> | undefined
  }

  /** Keeps only these entrypoints. Before `run`. */
  restrictTo(names: readonly string[]): void {
    const unknown = names.find((name) => !this.#entrypoints.has(name))
    if (unknown !== undefined) {
      throw new PgQueuerError("PGQ_OPTION_INVALID", `no handler is registered for the entrypoint ${show(unknown)}`, {
        remedy: `Registered: ${this.entrypoints.join(", ") || "none"}.`,
      })
    }
    for (const name of this.entrypoints) if (!names.includes(name)) this.#entrypoints.delete(name)
  }

  /**
   * Puts these options in the place of those that the manager was made with, as the command line does. Before `run`.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_WORKER_STATE` while the worker runs
   */
  override(options: Pick<WorkerOptions, "maxConcurrentTasks" | "shutdownTimeout">): void {
    if (this.#running !== undefined) throw wrongState("options are set before run")
    const { maxConcurrentTasks, shutdownTimeoutMs } = resolveWorkerOptions(options)
    this.#options = {
      ...this.#options,
      ...(options.maxConcurrentTasks === undefined ? {} : { maxConcurrentTasks }),
      ...(options.shutdownTimeout === undefined ? {} : { shutdownTimeoutMs }),
    }
  }

  /**
   * Runs jobs until it is stopped or, in drain mode, until there is nothing more to claim. Resolves after a clean stop.
   *
   * @throws PgQueuerError `PGQ_SCHEMA_…`, `PGQ_POOL_TOO_SMALL`, `PGQ_CONNECTION_FAILED`, `PGQ_WORKER_STATE`
   */
  run(options: RunOptions = {}): Promise<void> {
    return this.runWith(new Map(), options)
  }

  /** @internal Runs schedules as well; in drain mode none of them. */
  async runWith(schedules: ReadonlyMap<string, ScheduleEntry>, options: RunOptions = {}): Promise<void> {
    checkOptions("run", options, { mode: oneOf("continuous", "drain"), signal: aSignal })
    if (this.#running !== undefined) throw wrongState("this worker runs already")
    if (this.#entrypoints.size + schedules.size === 0) throw wrongState("no entrypoint is registered")
    if (options.signal?.aborted === true) return
    this.#running = this.#runOnce(options, options.mode === "drain" ? new Map() : schedules)
    try {
      await this.#running
    } finally {
      await disposeAll([...new Set([...this.#entrypoints.values()].map(({ options }) => options.executor))])
      this.#running = undefined
      this.#stop = undefined
    }
  }

  /** Stops gracefully, as a signal would; `now` waits for no handler. Resolves when the worker has stopped. */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    this.#stop?.(options.now === true ? "now" : "stop")
    await this.#running
  }

  async #runOnce(
    { mode = "continuous", signal }: RunOptions,
    schedules: ReadonlyMap<string, ScheduleEntry>,
  ): Promise<void> {
    const drain = mode === "drain"
    const now = new AbortController()
    let asked = false
    const stopped = new Promise<void>((resolve) => {
      this.#stop = (reason) => {
        if (reason === "now" || asked) now.abort(hurry)
        asked = true
        resolve()
      }
    })
    const onAbort = () => this.#stop?.("stop")
    signal?.addEventListener("abort", onAbort, { once: true })
    this.#enter("starting")
    try {
      await this.#parts.checkSchema()
      const worker = this.#makeWorker(schedules, drain ? () => confirmIdle() : () => {})
      const confirmIdle = idleConfirmation(
        () => worker.lookEverywhere(),
        () => worker.started,
        () => this.#stop?.("stop"),
      )
      this.#worker = worker
      await worker.start()
      this.#enter("ready")
      await stopped
      this.#enter("draining")
      const timer = this.#parts.clock.after(this.#options.shutdownTimeoutMs, () => now.abort())
      await worker.stop(now.signal).finally(() => timer.cancel())
    } finally {
      this.#worker = undefined
      this.#enter("stopped")
      signal?.removeEventListener("abort", onAbort)
    }
  }

  #enter(state: HealthState): void {
    this.#life = { state, since: this.#parts.now() }
  }

  #runOf(handler: Run, executor: Executor | null): Run {
    return executor === null ? handler : executeWith(executor, handler, this.#parts.clock, this.#parts.random)
  }

  #makeWorker(schedules: ReadonlyMap<string, ScheduleEntry>, onIdle: () => void): Worker {
    return new Worker({
      ...this.#parts,
      options: this.#options,
      events: this.#events,
      entrypoints: this.#entrypoints,
      schedules,
      scheduleSurroundings: this.#parts,
      makeContext: (job, notes, log) => this.#makeContext(job, notes, log),
      onIdle,
    })
  }

  #makeContext(job: Job, notes: Notes, log: Logger): RunContext<unknown, unknown> {
    const { resources, queries } = this.#parts
    return new RunContext<Q, R>({ job, resources, queries, log, notes })
  }
}

/** A drain ends when two looks in a row, the second one everywhere, found nothing to start. */
function idleConfirmation(lookEverywhere: () => void, started: () => number, done: () => void): () => void {
  let startedAtFirstLook: number | undefined
  return () => {
    if (startedAtFirstLook === started()) done()
    else {
      startedAtFirstLook = started()
      lookEverywhere()
    }
  }
}

function wrongState(problem: string): PgQueuerError {
  return new PgQueuerError("PGQ_WORKER_STATE", problem, { remedy: "Register entrypoints first, then call run once." })
}
