import type { Clock } from "../../ports/clock.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import type { ScheduleStore, StartedRun } from "../../ports/schedule-store.js"
import type { Connection } from "../worker/connection.js"
import { Duty, type DutyEnvironment } from "../worker/duty.js"
import { DatabaseClock } from "./database-clock.js"
import { type Plan, PlannedTicks } from "./planned-ticks.js"
import type { ScheduleEntry, ScheduleSurroundings } from "./schedule-handler.js"
import { ScheduleRuns } from "./schedule-runs.js"
import { StoredRows } from "./stored-rows.js"
import type { ReadableSchedule } from "./stored-schedule.js"
import { type TraceStartsParts, traceStarts } from "./trace-starts.js"

export interface SchedulerParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly connection: Connection
  readonly log: Logger
  /** What the code of this worker registers, by name. */
  readonly entries: ReadonlyMap<string, ScheduleEntry>
  readonly surroundings: ScheduleSurroundings
  workerId(): string
  /** The database says that this worker is dead. */
  onDead(workerId: string): void
}

/** So many schedules are started by one statement. */
const batchSize = 250

/** A statement starts so many waiting runs at most. */
const mostWaiting = 100

/** Between looks for waiting runs that can start: from so often, while some do, to so seldom. */
const shortestWaitMs = 500
const longestWaitMs = 5_000

/** Starts schedules when they are due. It holds the rows of those that it has code for, and a timer for the earliest of them. */
export class Scheduler {
  readonly runs: ScheduleRuns
  readonly #parts: SchedulerParts
  readonly #duty: Duty
  readonly #time: DatabaseClock
  readonly #planned: PlannedTicks
  readonly #rows: StoredRows
  readonly #traces: TraceStartsParts
  #runnable: readonly ReadableSchedule[] = []
  #isStale = true
  #presentSince: number | undefined
  /** When to look whether waiting runs can start, by the clock of this process. */
  #waitingDue = Number.POSITIVE_INFINITY
  #waitingPauseMs = 0
  #closed = false

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#time = new DatabaseClock(parts.clock)
    this.#planned = new PlannedTicks(this.#time)
    this.#rows = new StoredRows({
      entries: parts.entries,
      onFault: (name, error) => parts.duties.onFailure(`schedule ${name}`, error, undefined),
    })
    this.#traces = { tracing: parts.surroundings.tracing, entries: parts.entries, log: parts.log }
    this.#duty = new Duty("schedules", parts.duties, () => this.#work(), { maxBackoffMs: 2_000 })
    this.runs = new ScheduleRuns({
      clock: parts.clock,
      duties: parts.duties,
      connection: parts.connection,
      surroundings: parts.surroundings,
      workerId: parts.workerId,
      onOthersWait: () => this.#lookForWaiting(),
    })
  }

  /** Writes down what the code says. */
  async register(): Promise<void> {
    const { entries, log } = this.#parts
    if (entries.size === 0) return
    const { now } = await this.#use((store) => store.read([]))
    const schedules = [...entries.values()].map(({ definition: { cron, ...said } }) => ({
      ...said,
      nextRun: cron.next(new Date(now))!,
    }))
    for (const before of await this.#use((store) => store.register(schedules))) {
      const { expression, timezone } = entries.get(before.name)!.definition
      if (before.expression === expression && before.timezone === timezone) continue
      const message =
        "the code of this worker gives a schedule other times than the last one that started; the newest counts"
      logEvent(log, "schedules.changed", message, {
        duty: "schedules",
        before,
        now: { name: before.name, expression, timezone },
      })
    }
  }

  start(): void {
    if (this.#parts.entries.size === 0) return
    this.runs.start()
    this.#duty.start()
  }

  /** Reads the rows again: they have changed, or may have. */
  refresh(): void {
    this.#isStale = true
    this.#duty.poke()
  }

  /** This worker was declared dead, and will come back under another id. */
  lose(): void {
    this.#presentSince = undefined
    this.#isStale = true
    this.runs.lose()
  }

  /** Starts nothing more. */
  close(): void {
    this.#closed = true
  }

  async stop(): Promise<void> {
    await this.#duty.stop()
    await this.runs.stop()
  }

  async #work(): Promise<number> {
    if (this.#closed || this.#parts.workerId() === "") return Number.POSITIVE_INFINITY
    try {
      if (this.#isStale) await this.#read()
      await this.#startDue()
      if (this.#parts.clock.monotonic() >= this.#waitingDue) await this.#startWaiting()
    } catch (error) {
      this.#isStale = true
      this.#presentSince = undefined
      throw error
    }
    if (this.#isStale) return 0
    return Math.max(0, Math.min(this.#planned.pauseMs, this.#waitingDue - this.#parts.clock.monotonic()))
  }

  async #read(): Promise<void> {
    this.#isStale = false
    await this.#releaseUnknown()
    const names = [...this.#parts.entries.keys()]
    const readable = await this.#readRows(names)
    const unplanned = readable.filter((row) => row.nextRun === null && !row.paused)
    if (unplanned.length > 0) {
      const now = new Date(this.#time.now())
      const entries = unplanned.map(({ name, revision, cron }) => ({ name, revision, nextRun: cron.next(now)! }))
      await this.#use((store) => store.plan(entries))
      return this.refresh()
    }
    this.#presentSince ??= this.#time.now()
    this.#runnable = readable
    this.#planned.replace(readable)
    if (readable.some((row) => row.waiting)) this.#lookForWaiting()
  }

  async #readRows(names: readonly string[]): Promise<readonly ReadableSchedule[]> {
    const askedAt = this.#parts.clock.monotonic()
    const { now, schedules } = await this.#use((store) => store.read(names))
    this.#time.hear(now, askedAt)
    return this.#rows.understand(schedules)
  }

  async #startDue(): Promise<void> {
    const due = this.#planned.due()
    for (let first = 0; first < due.length; first += batchSize) {
      await this.#rows.apart(
        due.slice(first, first + batchSize),
        (plan) => plan.row.name,
        (plans) => this.#startBatch(plans),
        (name) => this.#planned.forget(name),
      )
    }
  }

  async #startBatch(plans: readonly Plan[]): Promise<void> {
    const presentSince = this.#presentSince ?? this.#time.now()
    const wanted = plans.flatMap((plan) => {
      const request = this.#planned.request(plan, presentSince)
      return request === undefined ? [] : [{ row: plan.row, request, ticks: request.ticks.length }]
    })
    if (wanted.length === 0 || this.#closed) return
    const workerId = this.#parts.workerId()
    const askedAt = this.#parts.clock.monotonic()
    const { now, alive, schedules, runs } = await traceStarts(this.#traces, wanted, (headersOf) => {
      const requests = wanted.map(({ row, request }) => ({ ...request, headers: headersOf(row) }))
      return this.#use((store) => store.startTicks(workerId, requests))
    })
    this.#time.hear(now, askedAt)
    if (!alive) return this.#parts.onDead(workerId)
    const following = new Map(wanted.map(({ request }) => [request.name, request.following]))
    for (const seen of schedules) {
      if (this.#planned.follow(seen, following.get(seen.name)!)) this.#isStale = true
    }
    for (const run of runs) this.#begin(run, following.get(run.name))
  }

  #begin(run: StartedRun, next: Date | undefined): void {
    if (run.status === "waiting") this.#lookForWaiting()
    if (run.status !== "running") return
    const entry = this.#parts.entries.get(run.name)
    if (entry?.handler === undefined || this.#closed) this.runs.giveUp(run.id)
    else this.runs.run(entry.handler, entry.timeoutMs, run, next)
  }

  #lookForWaiting(): void {
    this.#waitingDue = Number.NEGATIVE_INFINITY
    this.#waitingPauseMs = shortestWaitMs
    this.#duty.poke()
  }

  async #startWaiting(): Promise<void> {
    this.#waitingDue = Number.POSITIVE_INFINITY
    const all = { started: 0, moreWait: false }
    await this.#rows.apart(
      this.#runnable,
      (row) => row.name,
      async (rows) => {
        const { started, moreWait } = await this.#startWaitingOf(rows)
        all.started += started
        all.moreWait ||= moreWait
      },
      (name) => this.#planned.forget(name),
    )
    if (!all.moreWait) return
    // Nobody tells when the job of a schedule has ended.
    this.#waitingPauseMs = all.started > 0 ? shortestWaitMs : Math.min(longestWaitMs, this.#waitingPauseMs * 1.5)
    this.#waitingDue = Math.min(this.#waitingDue, this.#parts.clock.monotonic() + this.#waitingPauseMs)
  }

  async #startWaitingOf(rows: readonly ReadableSchedule[]) {
    if (this.#closed) return { started: 0, moreWait: false }
    const workerId = this.#parts.workerId()
    const askedAt = this.#parts.clock.monotonic()
    const starts = rows.map((row) => ({ row, ticks: 1 }))
    const { now, alive, runs, moreWait } = await traceStarts(this.#traces, starts, (headersOf) => {
      const requests = rows.map((row) => ({ name: row.name, revision: row.revision, headers: headersOf(row) }))
      return this.#use((store) => store.startWaiting(workerId, requests, mostWaiting))
    })
    this.#time.hear(now, askedAt)
    if (!alive) this.#parts.onDead(workerId)
    for (const run of runs) this.#begin(run, this.#planned.tickOf(run.name))
    return { started: runs.length, moreWait }
  }

  /** A start whose reply was lost may have been one all the same, and be committed late. */
  async #releaseUnknown(): Promise<void> {
    const workerId = this.#parts.workerId()
    const released = await this.#use((store) => store.releaseUnknown(workerId, this.runs.known))
    if (released.length === 0) return
    const message = "runs of schedules whose start this worker never heard of wait for any worker"
    logEvent(this.#parts.log, "schedules.reply-lost", message, { duty: "schedules", count: released.length })
  }

  #use<T>(work: (store: ScheduleStore) => Promise<T>): Promise<T> {
    return this.#parts.connection.use((store) => work(store.schedules))
  }
}
