import type { Health } from "./app/health.js"
import { Registry } from "./app/registry.js"
import { resolveSchedule } from "./app/schedules/resolve-schedule.js"
import type { ScheduleEntry, ScheduleHandler } from "./app/schedules/schedule-handler.js"
import type { JobSchedule, ScheduleOptions } from "./app/schedules/schedule-options.js"
import type { EventListener, WorkerEvents } from "./app/worker/events.js"
import type { WorkerOptions } from "./app/worker/worker-options.js"
import { type RunOptions, WorkerLife } from "./app/worker-life.js"
import type { AnyJobs, JobMap } from "./domain/job-types.js"
import { anyValue, checkOptions } from "./domain/options.js"
import type { Driver } from "./ports/driver.js"
import type { Queries } from "./queries.js"
import { composeWorker, type PgQueuerOptions, type WorkerComposition } from "./worker-composition.js"

/**
 * Starts recurring work: the schedule half of `PgQueuer`, which also works alone. `R` are the resources, `J` may map names of entrypoints to
 * the types of their jobs.
 */
export class SchedulerManager<R = Record<string, never>, J extends JobMap<J> = AnyJobs> {
  readonly #parts: WorkerComposition<J>
  readonly #life: WorkerLife
  readonly #registry = new Registry<ScheduleEntry>("schedule")

  /** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID` */
  constructor(driver: Driver, options?: PgQueuerOptions<R>)
  /** @internal */
  constructor(driver: Driver, options: PgQueuerOptions<R>, parts: WorkerComposition<J>)
  constructor(driver: Driver, options: PgQueuerOptions<R> = {}, parts?: WorkerComposition<J>) {
    this.#parts = parts ?? composeWorker("SchedulerManager", driver, options)
    this.#life = new WorkerLife(this.#parts.life)
  }

  /** The names that are registered. */
  get schedules(): readonly string[] {
    return this.#registry.names
  }

  /**
   * Registers what recurs, under a name that is its identity: the row of this name is written when the worker starts, and the newest
   * start wins. Each tick is started once over all workers. Before `run`.
   *
   * @param expression - five fields, six with the seconds last, or `@hourly` and the like
   * @param what - a handler, which runs in the worker; or the job that each tick enqueues
   * @throws PgQueuerError `PGQ_SCHEDULE_INVALID` for an expression or a time zone, `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`, `PGQ_PAYLOAD_INVALID`,
   * `PGQ_PAYLOAD_TOO_LARGE`, `PGQ_WORKER_STATE` while the worker runs
   */
  schedule(
    name: string,
    expression: string,
    what: ScheduleHandler<Queries<J>, R> | JobSchedule,
    options?: ScheduleOptions,
  ): void {
    this.#registry.add(name, resolveSchedule(name, expression, what, options, this.#parts.maxPayloadBytes))
  }

  /** How the worker is at this moment, without asking anybody, when the schedules run alone; else `PgQueuer` knows. */
  health(): Health {
    return this.#life.health
  }

  /** Hears what happens in this process; answers with a function that takes the listener off again. */
  on<E extends keyof WorkerEvents>(event: E, listener: EventListener<E>): () => void {
    return this.#parts.life.events.on(event, listener)
  }

  /**
   * Puts this option in the place of the one that the manager was made with, as the command line does. Before `run`.
   *
   * @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_WORKER_STATE` while the worker runs
   */
  override(options: Pick<WorkerOptions, "shutdownTimeout">): void {
    checkOptions("a worker of schedules", options, { shutdownTimeout: anyValue })
    this.#life.override(options)
  }

  /**
   * Runs the schedules and nothing else until it is stopped; then disposes the resources. In drain mode there is nothing to do: schedules
   * never end.
   *
   * @throws PgQueuerError `PGQ_SCHEMA_…`, `PGQ_POOL_TOO_SMALL`, `PGQ_CONNECTION_FAILED`, `PGQ_WORKER_STATE`
   */
  run(options: RunOptions = {}): Promise<void> {
    return this.runIn((schedules) => this.#life.run({ schedules }, options))
  }

  /** @internal Lets another worker run the schedules. */
  runIn(worker: (schedules: ReadonlyMap<string, ScheduleEntry>) => Promise<void>): Promise<void> {
    return this.#registry.lend(worker)
  }

  /** Stops gracefully, as a signal would; `now` waits for no handler. Resolves when the worker has stopped. */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    await this.#life.stop(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
