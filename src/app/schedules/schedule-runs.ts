import { handlerEvent } from "../../domain/log-events.js"
import type { Clock } from "../../ports/clock.js"
import { logEvent, loggerWith } from "../../ports/logger.js"
import type { RunEnd, StartedRun } from "../../ports/schedule-store.js"
import type { Connection } from "../worker/connection.js"
import { describeFailure } from "../worker/describe-failure.js"
import { Duty, type DutyEnvironment } from "../worker/duty.js"
import { JobStopped, type StopReason } from "../worker/job-context.js"
import type { ScheduleHandler, ScheduleSurroundings } from "./schedule-handler.js"

export interface ScheduleRunsParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly connection: Connection
  readonly surroundings: ScheduleSurroundings
  workerId(): string
  /** A run is over for which others wait. */
  onOthersWait(): void
}

/** Runs the handlers of schedules, and records how they ended. */
export class ScheduleRuns {
  readonly #parts: ScheduleRunsParts
  readonly #duty: Duty
  readonly #running = new Map<string, AbortController>()
  #ends: RunEnd[] = []
  /** Runs that others shall do. */
  #given: string[] = []
  #onIdle: (() => void)[] = []

  constructor(parts: ScheduleRunsParts) {
    this.#parts = parts
    this.#duty = new Duty("schedule ends", parts.duties, () => this.#record())
  }

  start(): void {
    this.#duty.start()
  }

  get running(): number {
    return this.#running.size
  }

  run(handler: ScheduleHandler<unknown, unknown>, run: StartedRun, nextExecution: Date | undefined): void {
    const controller = new AbortController()
    this.#running.set(run.id, controller)
    const { name, tick, attempt } = run
    const { resources, queries, log: workerLog } = this.#parts.surroundings
    const about = { event: handlerEvent, schedule: name, tick: tick.toISOString(), attempt }
    const log = loggerWith(workerLog, () => about)
    const schedule = { name, tick, lastExecution: run.previousTick ?? undefined, nextExecution }
    const context = { signal: controller.signal, attempt, resources, queries, log }
    void Promise.resolve()
      .then(() => handler(schedule, context))
      .then(
        () => this.#end(run.id, controller, undefined),
        (error: unknown) => {
          if (!controller.signal.aborted)
            logEvent(log, "schedule.failed", "the handler of a schedule failed", { error })
          this.#end(run.id, controller, { error })
        },
      )
  }

  stopAll(reason: StopReason): void {
    for (const controller of this.#running.values()) controller.abort(new JobStopped(reason))
  }

  /** This worker was declared dead: its runs are others' now. */
  lose(): void {
    this.stopAll("lease-lost")
    this.#running.clear()
    this.#ends = []
    this.#given = []
    this.#settle()
  }

  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
    })
  }

  /** Records what has ended, and leaves what still runs to others. */
  async stop(): Promise<void> {
    await this.#duty.stop()
    this.#given.push(...this.#running.keys())
    this.#running.clear()
    await this.#record()
  }

  /** A run that was started for this worker, and that it will not run: others shall. */
  giveUp(runId: string): void {
    this.#given.push(runId)
    this.#duty.poke()
  }

  #end(id: string, controller: AbortController, failed: { readonly error: unknown } | undefined): void {
    if (this.#running.get(id) !== controller) return
    this.#running.delete(id)
    // Whatever it throws, a handler that was told to stop was cut off and has not failed.
    if (failed !== undefined && controller.signal.aborted) this.#given.push(id)
    else this.#ends.push({ id, endedAt: this.#parts.clock.monotonic(), ...endOf(failed) })
    this.#duty.poke()
    this.#settle()
  }

  #settle(): void {
    if (this.#running.size > 0) return
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  async #record(): Promise<number> {
    const workerId = this.#parts.workerId()
    if (workerId === "") return Number.POSITIVE_INFINITY
    const [ends, given] = [this.#ends, this.#given]
    if (ends.length > 0) await this.#handIn(workerId, ends)
    if (given.length > 0) {
      await this.#parts.connection.use((store) => store.schedules.release(workerId, given))
      this.#given = this.#given.filter((id) => !given.includes(id))
    }
    return Number.POSITIVE_INFINITY
  }

  async #handIn(workerId: string, all: readonly RunEnd[]): Promise<void> {
    const { clock, connection, surroundings, onOthersWait } = this.#parts
    const ends = all.slice(0, mostEnds)
    const { recorded, othersWait } = await connection.use((store) =>
      store.schedules.finish(workerId, ends, clock.monotonic()),
    )
    this.#ends = this.#ends.filter((end) => !ends.includes(end))
    if (recorded.length < ends.length) {
      const message = "how runs of schedules ended was not recorded: this worker no longer holds them"
      logEvent(surroundings.log, "schedules.not-recorded", message, {
        duty: "schedule ends",
        count: ends.length - recorded.length,
      })
    }
    if (othersWait) onOthersWait()
    if (this.#ends.length > 0) this.#duty.poke()
  }
}

/** An end can carry a long error: a statement takes so many. */
const mostEnds = 200

function endOf(failed: { readonly error: unknown } | undefined): Omit<RunEnd, "id" | "endedAt"> {
  return failed === undefined
    ? { status: "successful", error: null, traceback: null }
    : { status: "exception", ...describeFailure(failed.error) }
}
