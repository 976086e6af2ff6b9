import { PgQueuerError } from "../domain/errors.js"
import type { Job } from "../domain/job.js"
import { aSignal, checkOptions, oneOf } from "../domain/options.js"
import type { WorkerRetention } from "../domain/retention.js"
import type { Clock, Random } from "../ports/clock.js"
import type { Driver, Queryable } from "../ports/driver.js"
import type { OpenHeartbeatThread } from "../ports/heartbeat-thread.js"
import type { Logger } from "../ports/logger.js"
import type { RetentionStore } from "../ports/retention-store.js"
import type { RollupUpkeepStore } from "../ports/rollup-store.js"
import type { Tracing } from "../ports/tracing.js"
import type { ProcessUsage } from "../ports/vitals.js"
import type { WorkerStore } from "../ports/worker-store.js"
import { type Health, type HealthState, healthOf, type Life } from "./health.js"
import type { ScheduleEntry } from "./schedules/schedule-handler.js"
import type { SharedResources } from "./shared-resources.js"
import type { EventHub } from "./worker/events.js"
import { RunContext } from "./worker/job-context.js"
import type { Entrypoint } from "./worker/job-pool.js"
import type { Notes } from "./worker/notes.js"
import { hurry, Worker } from "./worker/worker.js"
import { type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from "./worker/worker-options.js"

export interface RunOptions {
  /** `"continuous"` (default) runs until it is stopped; `"drain"` ends when this worker can claim nothing more. */
  readonly mode?: "continuous" | "drain"
  /** Aborted, it stops the worker gracefully. */
  readonly signal?: AbortSignal
}

export interface WorkerLifeParts {
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
  readonly resources: SharedResources
  /** What handlers enqueue with. */
  readonly queries: unknown
  readonly events: EventHub
  readonly retention: WorkerRetention
  readonly retentionStore: RetentionStore
  readonly rollupStore: RollupUpkeepStore
  makeStore(on: Queryable): WorkerStore
  usage(): ProcessUsage
  readonly openHeartbeatThread: OpenHeartbeatThread
  readonly tracing?: Tracing | undefined
  /** Refuses a database that does not fit. */
  checkSchema(): Promise<void>
}

/** What a worker runs, by name. */
export interface Registered {
  readonly entrypoints?: ReadonlyMap<string, Entrypoint>
  /** In drain mode none of them: schedules never end. */
  readonly schedules?: ReadonlyMap<string, ScheduleEntry>
}

/** The life of a worker, as its process sees it: it is run, stopped and asked for its health; and it can be run again. */
export class WorkerLife {
  readonly #parts: WorkerLifeParts
  #worker: Worker | undefined
  #life: Life
  #options: ResolvedWorkerOptions
  #stop: ((reason: "stop" | "drain" | "now") => void) | undefined
  #running: Promise<void> | undefined

  constructor(parts: WorkerLifeParts) {
    this.#parts = parts
    this.#options = parts.options
    this.#life = { state: "starting", since: parts.now() }
  }

  get health(): Health {
    const worker = this.#life.state === "ready" || this.#life.state === "draining" ? this.#worker?.health : undefined
    return healthOf(this.#life, this.#parts.now(), worker)
  }

  contextOf(id: string): RunContext<unknown, unknown> | undefined {
    return this.#worker?.contextOf(id)
  }

  /** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_WORKER_STATE` while it runs */
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
   * Runs until it is stopped or, in drain mode, until there is nothing more to claim; then disposes the resources. Resolves after a clean stop.
   *
   * @throws PgQueuerError `PGQ_SCHEMA_…`, `PGQ_POOL_TOO_SMALL`, `PGQ_CONNECTION_FAILED`, `PGQ_WORKER_STATE`
   */
  run(registered: Registered, options: RunOptions): Promise<void> {
    return this.#parts.resources.during(() => this.#run(registered, options))
  }

  /** Stops gracefully, as a signal would; `now` waits for no handler. Resolves when the worker has stopped. */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    this.#stop?.(options.now === true ? "now" : "stop")
    await this.#running
  }

  async #run({ entrypoints = new Map(), schedules = new Map() }: Registered, options: RunOptions): Promise<void> {
    checkOptions("run", options, { mode: oneOf("continuous", "drain"), signal: aSignal })
    if (this.#running !== undefined) throw wrongState("this worker runs already")
    if (entrypoints.size + schedules.size === 0) throw wrongState("nothing is registered")
    if (options.signal?.aborted === true) return
    this.#running = this.#runOnce({ entrypoints, schedules: options.mode === "drain" ? new Map() : schedules }, options)
    try {
      await this.#running
    } finally {
      this.#running = undefined
      this.#stop = undefined
    }
  }

  async #runOnce(registered: Required<Registered>, { mode = "continuous", signal }: RunOptions): Promise<void> {
    const drain = mode === "drain"
    const now = new AbortController()
    let asked = false
    const stopped = new Promise<void>((resolve) => {
      this.#stop = (reason) => {
        // A signal to a worker that drains is the first one that its process gets: it still waits for its handlers.
        if (reason === "now" || (reason === "stop" && asked)) now.abort(hurry)
        if (reason === "stop") asked = true
        resolve()
      }
    })
    const onAbort = () => this.#stop?.("stop")
    signal?.addEventListener("abort", onAbort, { once: true })
    this.#enter("starting")
    try {
      await this.#parts.checkSchema()
      const worker = this.#makeWorker(registered, drain ? () => confirmIdle() : () => {})
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

  #makeWorker({ entrypoints, schedules }: Required<Registered>, onIdle: () => void): Worker {
    const { queries, resources, log } = this.#parts
    return new Worker({
      ...this.#parts,
      options: this.#options,
      entrypoints,
      schedules,
      scheduleSurroundings: { resources: resources.value, queries, log, tracing: this.#parts.tracing },
      makeContext: (job, notes, log) => this.#makeContext(job, notes, log),
      onIdle,
      onDrain: () => this.#stop?.("drain"),
    })
  }

  #makeContext(job: Job, notes: Notes, log: Logger): RunContext<unknown, unknown> {
    const { resources, queries } = this.#parts
    return new RunContext({ job, resources: resources.value, queries, log, notes })
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
  return new PgQueuerError("PGQ_WORKER_STATE", problem, {
    remedy: "Register entrypoints and schedules first, then call run once.",
  })
}
