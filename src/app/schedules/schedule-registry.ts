import { PgQueuerError } from "../../domain/errors.js"
import { show } from "../../domain/options.js"
import type { ScheduleEntry, ScheduleHandler } from "./schedule-handler.js"
import { type JobSchedule, resolveSchedule, type ScheduleOptions } from "./schedule-options.js"

/** The schedules that the code registers, by name. */
export class ScheduleRegistry {
  readonly entries = new Map<string, ScheduleEntry>()
  readonly #maxPayloadBytes: number | undefined

  constructor(maxPayloadBytes?: number) {
    this.#maxPayloadBytes = maxPayloadBytes
  }

  /** @throws PgQueuerError `PGQ_NAME_INVALID`, `PGQ_OPTION_INVALID`, `PGQ_SCHEDULE_INVALID`, `PGQ_PAYLOAD_INVALID`, `PGQ_PAYLOAD_TOO_LARGE` */
  add<Q, R>(
    name: string,
    expression: string,
    what: ScheduleHandler<Q, R> | JobSchedule,
    options: ScheduleOptions | undefined,
  ): void {
    const handler = typeof what === "function" ? (what as ScheduleHandler<unknown, unknown>) : undefined
    if (handler === undefined && (typeof what !== "object" || what === null)) {
      throw invalid(`the schedule ${show(name)} has ${show(what)} in the place of a handler or a job`)
    }
    const job = handler === undefined ? what : null
    const definition = resolveSchedule(name, expression, job, options, this.#maxPayloadBytes)
    if (this.entries.has(name)) {
      throw new PgQueuerError("PGQ_OPTION_INVALID", `the schedule ${show(name)} is registered already`, {
        remedy: "Register each schedule once; its name is its identity.",
      })
    }
    this.entries.set(name, { definition, handler })
  }
}

function invalid(message: string): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", message, {
    remedy: "Give a function, async (schedule, context) => …, or the job to enqueue: { entrypoint, payload }.",
  })
}
