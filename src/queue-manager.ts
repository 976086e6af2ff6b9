import { disposeAll } from "./app/dispose.js"
import type { Handler, HandlerOf } from "./app/handler.js"
import type { Health } from "./app/health.js"
import { Registry } from "./app/registry.js"
import { resolveEntrypoint } from "./app/resolve-entrypoint.js"
import type { ScheduleEntry } from "./app/schedules/schedule-handler.js"
import type { EntrypointTypes, TypedEntrypoint } from "./app/typed-entrypoint.js"
import type { EntrypointOptions } from "./app/worker/entrypoint-options.js"
import type { EventListener, WorkerEvents } from "./app/worker/events.js"
import type { Entrypoint } from "./app/worker/job-pool.js"
import type { WorkerOptions } from "./app/worker/worker-options.js"
import { type RunOptions, WorkerLife } from "./app/worker-life.js"
import type { AnyJobs, JobMap, JobName } from "./domain/job-types.js"
import type { Driver } from "./ports/driver.js"
import type { Queries } from "./queries.js"
import { type Context, composeWorker, type PgQueuerOptions, type WorkerComposition } from "./worker-composition.js"

/**
 * Claims jobs and runs their handlers: the queue half of `PgQueuer`, which also works alone. `R` are the resources, `J` may map names of
 * entrypoints to the types of their jobs.
 */
export class QueueManager<R = Record<string, never>, J extends JobMap<J> = AnyJobs> {
  readonly #parts: WorkerComposition<J>
  readonly #life: WorkerLife
  readonly #registry = new Registry<Entrypoint>("entrypoint")

  /** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID` */
  constructor(driver: Driver, options?: PgQueuerOptions<R>)
  /** @internal */
  constructor(driver: Driver, options: PgQueuerOptions<R>, parts: WorkerComposition<J>)
  constructor(driver: Driver, options: PgQueuerOptions<R> = {}, parts?: WorkerComposition<J>) {
    this.#parts = parts ?? composeWorker("QueueManager", driver, options)
    this.#life = new WorkerLife(this.#parts.life)
  }

  /** The names that have a handler. */
  get entrypoints(): readonly string[] {
    return this.#registry.names
  }

  /**
   * Registers the handler of an entrypoint, by its name or as it was defined. Before `run`.
   *
   * @param options - win over those of the definition
   * @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID` for a handler that is no function or a name that has one,
   * `PGQ_WORKER_STATE` while the worker runs
   */
  entrypoint<K extends JobName<J>>(name: K, handler: HandlerOf<Queries<J>, R, J, K>, options?: EntrypointOptions): void
  entrypoint<T extends EntrypointTypes>(
    definition: TypedEntrypoint<T>,
    handler: Handler<Queries<J>, R, T["payload"], T["returned"]>,
    options?: EntrypointOptions,
  ): void
  entrypoint(what: unknown, handler: unknown, options?: EntrypointOptions): void {
    const { name, ...entrypoint } = resolveEntrypoint(what, handler, options, this.#parts.life)
    this.#registry.add(name, entrypoint)
  }

  /** How the worker is at this moment, without asking anybody: for probes and dashboards of its own process. */
  health(): Health {
    return this.#life.health
  }

  /** Hears what happens in this process; answers with a function that takes the listener off again. */
  on<E extends keyof WorkerEvents>(event: E, listener: EventListener<E>): () => void {
    return this.#parts.life.events.on(event, listener)
  }

  /** The context of a job that runs here. */
  getContext(id: string): Context<R, J> | undefined {
    return this.#life.contextOf(id) as Context<R, J> | undefined
  }

  /** Keeps only these entrypoints. Before `run`. */
  restrictTo(names: readonly string[]): void {
    this.#registry.keepOnly(names)
  }

  /**
   * Puts these options in the place of those that the manager was made with, as the command line does. Before `run`.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_WORKER_STATE` while the worker runs
   */
  override(options: Pick<WorkerOptions, "maxConcurrentTasks" | "shutdownTimeout">): void {
    this.#life.override(options)
  }

  /**
   * Runs jobs until it is stopped or, in drain mode, until there is nothing more to claim; then disposes the resources. Resolves after a
   * clean stop.
   *
   * @throws PgQueuerError `PGQ_SCHEMA_…`, `PGQ_POOL_TOO_SMALL`, `PGQ_CONNECTION_FAILED`, `PGQ_WORKER_STATE`
   */
  run(options: RunOptions = {}): Promise<void> {
    return this.runWith(new Map(), options)
  }

  /** @internal Runs schedules as well. */
  runWith(schedules: ReadonlyMap<string, ScheduleEntry>, options: RunOptions): Promise<void> {
    return this.#registry.lend(async (entrypoints) => {
      try {
        await this.#life.run({ entrypoints, schedules }, options)
      } finally {
        await disposeAll([...new Set([...entrypoints.values()].map(({ options }) => options.executor))])
      }
    })
  }

  /** Stops gracefully, as a signal would; `now` waits for no handler. Resolves when the worker has stopped. */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    await this.#life.stop(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
