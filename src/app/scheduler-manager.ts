import { PgQueuerError } from "../domain/errors.js"
import type { RunOptions } from "./queue-manager.js"
import type { ScheduleHandler } from "./schedules/schedule-handler.js"
import type { JobSchedule, ScheduleOptions } from "./schedules/schedule-options.js"
import { ScheduleRegistry } from "./schedules/schedule-registry.js"

export interface SchedulerManagerParts {
  readonly maxPayloadBytes: number | undefined
  isRunning(): boolean
  /** Runs the schedules and nothing else. */
  run(options: RunOptions): Promise<void>
  stop(options: { readonly now?: boolean }): Promise<void>
}

/** Starts recurring work: the schedule half of `PgQueuer`, which also works alone. */
export class SchedulerManager<Q, R> {
  readonly #parts: SchedulerManagerParts
  readonly #registry: ScheduleRegistry

  constructor(parts: SchedulerManagerParts) {
    this.#parts = parts
    this.#registry = new ScheduleRegistry(parts.maxPayloadBytes)
  }

  /** The names that are registered. */
  get schedules(): readonly string[] {
    return [...this.#registry.entries.keys()]
  }

  /** @internal */
  get entries(): ScheduleRegistry["entries"] {
    return this.#registry.entries
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
    what: ScheduleHandler<Q, R> | JobSchedule,
    options?: ScheduleOptions,
  ): void {
    if (this.#parts.isRunning()) {
      throw new PgQueuerError("PGQ_WORKER_STATE", "schedules are registered before run", {
        remedy: "Register schedules first, then call run once.",
      })
    }
    this.#registry.add(name, expression, what, options)
  }

  /** Runs the schedules until it is stopped. In drain mode there is nothing to do: schedules never end. */
  async run(options: RunOptions = {}): Promise<void> {
    await this.#parts.run(options)
  }

  /** Stops gracefully; `now` waits for no handler. */
  async stop(options: { readonly now?: boolean } = {}): Promise<void> {
    await this.#parts.stop(options)
  }
}
