import { type Backoff, backoffMs } from "../../domain/backoff.js"
import { PgQueuerError } from "../../domain/errors.js"
import type { Clock } from "../../ports/clock.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import type {
  ScheduleStore,
  SeenSchedule,
  StartedRun,
  StoredSchedule,
  TickRequest,
} from "../../ports/schedule-store.js"
import type { Connection } from "../worker/connection.js"
import { Duty, type DutyEnvironment } from "../worker/duty.js"
import { DatabaseClock } from "./database-clock.js"
import { decideTicks, jitterOf, mostCatchUp, ticksUntil } from "./due-ticks.js"
import type { ScheduleEntry, ScheduleSurroundings } from "./schedule-handler.js"
import { ScheduleRuns } from "./schedule-runs.js"
import { type ReadableSchedule, readSchedule } from "./stored-schedule.js"

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

/** A schedule that this worker starts, and when. By the database's clock, ms since 1970. */
interface Plan {
  readonly row: ReadableSchedule
  readonly tick: number
  readonly due: number
  /** How often it could not be started, though nobody else had. */
  readonly tries: number
}

/** So many schedules are started by one statement. */
const batchSize = 250

/** A statement starts so many waiting runs at most. */
const mostWaiting = 100

/** Others may be at a tick that was due before this worker came: it is theirs for so long. */
const courtesyMs = 1_000

/** When a tick could not be taken and nobody else took it: both asked at the same time, or the clock was misjudged. */
const retry: Backoff = { initialDelayMs: 5, multiplier: 2, maxDelayMs: 5_000 }

/** Starts schedules when they are due. It holds the rows of those that it has code for, and a timer for the earliest of them. */
export class Scheduler {
  readonly runs: ScheduleRuns
  readonly #parts: SchedulerParts
  readonly #duty: Duty
  readonly #time: DatabaseClock
  readonly #plans = new Map<string, Plan>()
  /** What was said of entries that make no sense. */
  readonly #reported = new Map<string, string>()
  #runnable: readonly string[] = []
  #isStale = true
  #presentSince: number | undefined
  /** When to look whether waiting runs can start, by the clock of this process. */
  #waitingDue = Number.POSITIVE_INFINITY
  #waitingPauseMs = 0
  #closed = false

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#time = new DatabaseClock(parts.clock)
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
    return this.#isStale ? 0 : this.#pauseMs()
  }

  #pauseMs(): number {
    const due = [...this.#plans.values()].reduce(
      (earliest, plan) => Math.min(earliest, plan.due),
      Number.POSITIVE_INFINITY,
    )
    return Math.max(0, Math.min(due - this.#time.now(), this.#waitingDue - this.#parts.clock.monotonic()))
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
    this.#runnable = readable.map((row) => row.name)
    const before = new Map(this.#plans)
    this.#plans.clear()
    for (const row of readable) {
      if (row.nextRun === null || row.paused) continue
      const plan = this.#plan(row, row.nextRun.getTime())
      const old = before.get(row.name)
      const isTried = old !== undefined && old.tick === plan.tick && old.tries > 0
      this.#plans.set(row.name, isTried ? { ...plan, due: Math.max(plan.due, old.due), tries: old.tries } : plan)
    }
    if (readable.some((row) => row.waiting)) this.#lookForWaiting()
  }

  async #readRows(names: readonly string[]): Promise<readonly ReadableSchedule[]> {
    const askedAt = this.#parts.clock.monotonic()
    const { now, schedules } = await this.#use((store) => store.read(names))
    this.#time.hear(now, askedAt)
    return schedules.flatMap((row) => {
      // Another version of the code made it a handler's; this one has none.
      if (row.entrypoint === null && this.#parts.entries.get(row.name)?.handler === undefined) return []
      const readable = this.#understand(row)
      return readable === undefined ? [] : [readable]
    })
  }

  /** Nonsense is said once, and left alone until it is something else. */
  #understand(row: StoredSchedule): ReadableSchedule | undefined {
    try {
      return readSchedule(row)
    } catch (error) {
      this.#reportOnce(row.name, error)
      return undefined
    }
  }

  #reportOnce(name: string, error: unknown): void {
    const text = String(error)
    if (this.#reported.get(name) !== text) this.#parts.duties.onFailure(`schedule ${name}`, error, undefined)
    this.#reported.set(name, text)
  }

  /** What the server refuses for the sake of one entry must not stop the others. */
  async #apart<T>(
    items: readonly T[],
    nameOf: (item: T) => string,
    work: (items: readonly T[]) => Promise<void>,
  ): Promise<void> {
    try {
      await work(items)
    } catch (error) {
      if (!isOfData(error)) throw error
      if (items.length === 1) {
        this.#plans.delete(nameOf(items[0]!))
        return this.#reportOnce(nameOf(items[0]!), error)
      }
      const half = items.length >> 1
      await this.#apart(items.slice(0, half), nameOf, work)
      await this.#apart(items.slice(half), nameOf, work)
    }
  }

  #plan(row: ReadableSchedule, tick: number): Plan {
    const next = row.jitterMs === 0 ? undefined : row.cron.next(new Date(tick))?.getTime()
    return { row, tick, due: tick + jitterOf(row.name, tick, next, row.jitterMs), tries: 0 }
  }

  async #startDue(): Promise<void> {
    const now = this.#time.now()
    const due = [...this.#plans.values()].filter((plan) => plan.due <= now)
    for (let first = 0; first < due.length; first += batchSize) {
      const batch = due.slice(first, first + batchSize)
      await this.#apart(
        batch,
        (plan) => plan.row.name,
        (plans) => this.#startBatch(plans),
      )
    }
  }

  async #startBatch(plans: readonly Plan[]): Promise<void> {
    const requests = plans.flatMap((plan) => this.#request(plan) ?? [])
    if (requests.length === 0 || this.#closed) return
    const workerId = this.#parts.workerId()
    const askedAt = this.#parts.clock.monotonic()
    const { now, alive, schedules, runs } = await this.#use((store) => store.startTicks(workerId, requests))
    this.#time.hear(now, askedAt)
    if (!alive) return this.#parts.onDead(workerId)
    const following = new Map(requests.map((request) => [request.name, request.following]))
    for (const seen of schedules) this.#follow(seen, following.get(seen.name)!)
    for (const run of runs) this.#begin(run, following.get(run.name))
  }

  #request({ row, tick, due }: Plan): TickRequest | undefined {
    const now = this.#time.now()
    const presentSince = this.#presentSince ?? now
    const { name, revision, cron, missed, overlap } = row
    const ticks = ticksUntil(cron, tick, now, mostCatchUp).filter((at) => this.#plan(row, at).due <= now)
    const newest = ticks.at(-1) ?? tick
    if (missed === "skip" && newest < presentSince && now - newest < courtesyMs) {
      this.#plans.set(name, { row, tick, due: newest + courtesyMs, tries: 0 })
      return undefined
    }
    // A tick that the expression does not give, of a row that was edited by hand, is one all the same.
    const all = ticks.length === 0 ? [tick] : ticks
    const following = cron.next(new Date(newest))
    if (following === undefined) return undefined
    return {
      ...{ name, revision, following, expected: new Date(tick), due: new Date(Math.min(due, now)) },
      ticks: decideTicks({ missed, overlap, ticks: all, presentSince, now }),
    }
  }

  /** Where the schedule stands now, whoever started its tick. */
  #follow({ name, known, nextRun, revision, taken }: SeenSchedule, following: Date): void {
    const plan = this.#plans.get(name)
    if (plan === undefined) return
    if (taken) this.#plans.set(name, this.#plan(plan.row, following.getTime()))
    else if (!known || revision !== plan.row.revision || nextRun === null) this.#isStale = true
    else if (nextRun.getTime() !== plan.tick) this.#plans.set(name, this.#plan(plan.row, nextRun.getTime()))
    else this.#tryAgain(plan)
  }

  #tryAgain(plan: Plan): void {
    const tries = plan.tries + 1
    this.#plans.set(plan.row.name, { ...plan, tries, due: this.#time.now() + backoffMs(retry, tries, 0) })
    // It may be paused by hand, without a word to anybody.
    if (tries % 4 === 0) this.#isStale = true
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
    this.#waitingPauseMs = 500
    this.#duty.poke()
  }

  async #startWaiting(): Promise<void> {
    this.#waitingDue = Number.POSITIVE_INFINITY
    let moreWait = false
    await this.#apart(
      this.#runnable,
      (name) => name,
      async (names) => {
        if (await this.#startWaitingOf(names)) moreWait = true
      },
    )
    if (!moreWait) return
    this.#waitingPauseMs = Math.min(5_000, this.#waitingPauseMs * 1.5)
    this.#waitingDue = Math.min(this.#waitingDue, this.#parts.clock.monotonic() + this.#waitingPauseMs)
  }

  /** @returns whether others of them wait */
  async #startWaitingOf(names: readonly string[]): Promise<boolean> {
    if (this.#closed) return false
    const workerId = this.#parts.workerId()
    const askedAt = this.#parts.clock.monotonic()
    const reply = await this.#use((store) => store.startWaiting(workerId, names, mostWaiting))
    this.#time.hear(reply.now, askedAt)
    if (!reply.alive) this.#parts.onDead(workerId)
    for (const run of reply.runs) {
      const plan = this.#plans.get(run.name)
      this.#begin(run, plan === undefined ? undefined : new Date(plan.tick))
    }
    return reply.moreWait
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

/** SQLSTATE classes 22 and 23: a value that does not fit. */
function isOfData(error: unknown): boolean {
  return error instanceof PgQueuerError && /^2[23]/.test(error.sqlState ?? "")
}
