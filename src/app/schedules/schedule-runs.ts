import { handlerEvent } from "../../domain/log-events.js"
import type { Clock, Timer } from "../../ports/clock.js"
import { type Logger, logEvent, loggerWith } from "../../ports/logger.js"
import type { RunEnd, StartedRun } from "../../ports/schedule-store.js"
import type { RunTrace } from "../../ports/tracing.js"
import { guardedTickTrace } from "../tracing/guarded-trace.js"
import type { Connection } from "../worker/connection.js"
import { describeFailure } from "../worker/describe-failure.js"
import { Duty, type DutyEnvironment } from "../worker/duty.js"
import { JobStopped, type StopReason } from "../worker/job-context.js"
import { isTimedOut, type TimedRun, timedOut } from "../worker/run-timeout.js"
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

/** A run whose handler has not ended. */
interface Running {
  readonly id: string
  readonly log: Logger
  readonly controller: AbortController
  readonly startedAt: number
  readonly timeoutMs: number | null
  readonly timer: Timer | undefined
  readonly trace: RunTrace | undefined
}

type Ending = { readonly kind: "returned" | "none" } | { readonly kind: "threw"; readonly error: unknown }

/** Runs the handlers of schedules, and records how they ended. */
export class ScheduleRuns {
  readonly #parts: ScheduleRunsParts
  readonly #duty: Duty
  readonly #running = new Map<string, Running>()
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

  /** The runs of this worker whose end may not be recorded. */
  get known(): readonly string[] {
    return [...this.#running.keys(), ...this.#ends.map(({ id }) => id), ...this.#given]
  }

  /** @param timeoutMs - after so long its signal aborts, and it has failed */
  run(
    handler: ScheduleHandler<unknown, unknown>,
    timeoutMs: number | null,
    run: StartedRun,
    nextExecution: Date | undefined,
  ): void {
    const { name, tick, attempt } = run
    const { resources, queries, log: workerLog, tracing } = this.#parts.surroundings
    const about = { event: handlerEvent, schedule: name, tick: tick.toISOString(), attempt }
    const log = loggerWith(workerLog, () => about)
    const trace = tracing && guardedTickTrace(tracing, { schedule: name, tick, attempt }, workerLog)
    const running = this.#begin(run.id, timeoutMs, log, trace)
    const schedule = { name, tick, lastExecution: run.previousTick ?? undefined, nextExecution }
    const context = { signal: running.controller.signal, attempt, resources, queries, log }
    void Promise.resolve()
      .then(() => (trace === undefined ? handler(schedule, context) : trace.call(() => handler(schedule, context))))
      .then(
        () => this.#end(running, { kind: "returned" }),
        (error: unknown) => this.#end(running, { kind: "threw", error }),
      )
  }

  stopAll(reason: StopReason): void {
    for (const { controller } of this.#running.values()) controller.abort(new JobStopped(reason))
  }

  /** This worker was declared dead: its runs are others' now. */
  lose(): void {
    this.stopAll("lease-lost")
    for (const { trace } of this.#forgetRunning()) trace?.end({ status: "lease-lost" })
    this.#ends = []
    this.#given = []
    this.#announceIdle()
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
    for (const running of this.#forgetRunning()) this.#settle(running, { kind: "none" })
    do await this.#record()
    while (this.#ends.length > 0 && this.#parts.workerId() !== "")
  }

  /** A run that was started for this worker, and that it will not run: others shall. */
  giveUp(runId: string): void {
    this.#given.push(runId)
    this.#duty.poke()
  }

  #begin(id: string, timeoutMs: number | null, log: Logger, trace: RunTrace | undefined): Running {
    const { clock } = this.#parts
    const controller = new AbortController()
    const timer =
      timeoutMs === null
        ? undefined
        : clock.after(Math.ceil(timeoutMs), () => controller.abort(new JobStopped("timeout")))
    const running = { id, log, controller, startedAt: clock.monotonic(), timeoutMs, timer, trace }
    this.#running.set(id, running)
    return running
  }

  #end(running: Running, ending: Ending): void {
    if (this.#running.get(running.id) !== running) return
    this.#running.delete(running.id)
    running.timer?.cancel()
    this.#settle(running, ending)
    this.#duty.poke()
    this.#announceIdle()
  }

  #settle(running: Running, ending: Ending): void {
    const { id, log, trace } = running
    const endedAt = this.#parts.clock.monotonic()
    const failed = failureOf(ending, timedRun(running, endedAt))
    if (failed !== undefined) {
      logEvent(log, "schedule.failed", "the handler of a schedule failed", failed)
      this.#ends.push({ id, endedAt, status: "exception", ...describeFailure(failed.error) })
      trace?.end({ status: "exception", error: failed.error })
    } else if (ending.kind === "returned") {
      this.#ends.push({ id, endedAt, status: "successful", error: null, traceback: null })
      trace?.end({ status: "successful" })
    } else {
      this.#given.push(id)
      trace?.end({ status: "queued" })
    }
  }

  #forgetRunning(): readonly Running[] {
    const all = [...this.#running.values()]
    for (const { timer } of all) timer?.cancel()
    this.#running.clear()
    return all
  }

  #announceIdle(): void {
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

function timedRun({ controller, startedAt, timeoutMs }: Running, endedAt: number): TimedRun {
  const stopped: unknown = controller.signal.reason
  return {
    stopReason: stopped instanceof JobStopped ? stopped.reason : undefined,
    timeoutMs,
    runMs: endedAt - startedAt,
  }
}

/** A timeout wins over how the handler ended. Whatever it throws, one that was told to stop was cut off and has not failed. */
function failureOf(ending: Ending, timed: TimedRun): { readonly error: unknown } | undefined {
  if (isTimedOut(timed)) return { error: timedOut(ending, timed) }
  if (ending.kind !== "threw" || timed.stopReason !== undefined) return undefined
  return { error: ending.error }
}
