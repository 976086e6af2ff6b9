import type { Handler, HandlerOf } from "./app/handler.js"
import type { Health } from "./app/health.js"
import type { ScheduleHandler } from "./app/schedules/schedule-handler.js"
import type { JobSchedule, ScheduleOptions } from "./app/schedules/schedule-options.js"
import type { EntrypointTypes, TypedEntrypoint } from "./app/typed-entrypoint.js"
import type { EntrypointOptions } from "./app/worker/entrypoint-options.js"
import type { EventListener, WorkerEvents } from "./app/worker/events.js"
import type { RunOptions } from "./app/worker-life.js"
import type { AnyJobs, JobMap, JobName } from "./domain/job-types.js"
import type { Driver } from "./ports/driver.js"
import type { Queries } from "./queries.js"
import { QueueManager } from "./queue-manager.js"
import { SchedulerManager } from "./scheduler-manager.js"
import { composeWorker, type PgQueuerOptions } from "./worker-composition.js"

/** A worker: register entrypoints and schedules, then `run`. `R` are the resources, `J` may map names of entrypoints to the types of their jobs. */
export class PgQueuer<R = Record<string, never>, J extends JobMap<J> = AnyJobs> {
  readonly qm: QueueManager<R, J>
  readonly sm: SchedulerManager<R, J>
  readonly queries: Queries<J>

  /** @throws PgQueuerError `PGQ_OPTION_INVALID`, `PGQ_NAME_INVALID` */
  constructor(driver: Driver, options: PgQueuerOptions<R> = {}) {
    const parts = composeWorker<R, J>("PgQueuer", driver, options)
    this.queries = parts.queries
    this.qm = new QueueManager(driver, options, parts)
    this.sm = new SchedulerManager(driver, options, parts)
  }

  /** Registers the handler of an entrypoint, by its name or as it was defined. Before `run`. The options win over those of the definition. */
  entrypoint<K extends JobName<J>>(name: K, handler: HandlerOf<Queries<J>, R, J, K>, options?: EntrypointOptions): void
  entrypoint<T extends EntrypointTypes>(
    definition: TypedEntrypoint<T>,
    handler: Handler<Queries<J>, R, T["payload"], T["returned"]>,
    options?: EntrypointOptions,
  ): void
  entrypoint(what: never, handler: never, options?: EntrypointOptions): void {
    this.qm.entrypoint(what, handler, options)
  }

  /**
   * Registers what recurs, under a name that is its identity: a handler, or the job that each tick enqueues. Before `run`.
   *
   * @param expression - five fields, six with the seconds last, or `@hourly` and the like
   * @throws PgQueuerError `PGQ_SCHEDULE_INVALID`, `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`, `PGQ_PAYLOAD_INVALID`, `PGQ_PAYLOAD_TOO_LARGE`,
   * `PGQ_WORKER_STATE` while the worker runs
   */
  schedule(
    name: string,
    expression: string,
    what: ScheduleHandler<Queries<J>, R> | JobSchedule,
    options?: ScheduleOptions,
  ): void {
    this.sm.schedule(name, expression, what, options)
  }

  /** Hears what happens in this process; answers with a function that takes the listener off again. */
  on<E extends keyof WorkerEvents>(event: E, listener: EventListener<E>): () => void {
    return this.qm.on(event, listener)
  }

  /** How the worker is at this moment, without asking anybody: for probes and dashboards of its own process. */
  health(): Health {
    return this.qm.health()
  }

  /** Runs until it is stopped, or drained; then disposes the resources. */
  run(options: RunOptions = {}): Promise<void> {
    return this.sm.runIn((schedules) => this.qm.runWith(schedules, options))
  }

  /** Stops gracefully; `now` waits for no handler. */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    await Promise.all([this.qm.stop(options), this.sm.stop(options)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
