import { type Backoff, backoffMs } from "../../domain/backoff.js"
import type { SeenSchedule, TickRequest } from "../../ports/schedule-store.js"
import type { DatabaseClock } from "./database-clock.js"
import { decideTicks, jitterOf, mostCatchUp, ticksUntil } from "./due-ticks.js"
import type { ReadableSchedule } from "./stored-schedule.js"

/** A schedule that this worker starts, and when. By the database's clock, ms since 1970. */
export interface Plan {
  readonly row: ReadableSchedule
  readonly tick: number
  readonly due: number
  /** How often it could not be started, though nobody else had. */
  readonly tries: number
}

/** What to ask for, but for the headers of jobs. */
export type PlannedRequest = Omit<TickRequest, "headers">

/** Others may be at a tick that was due before this worker came: it is theirs for so long. */
const courtesyMs = 1_000

/** When a tick could not be taken and nobody else took it: both asked at the same time, or the clock was misjudged. */
const retry: Backoff = { initialDelayMs: 5, multiplier: 2, maxDelayMs: 5_000 }

/** When the schedules of a worker are due next, by what it knows. */
export class PlannedTicks {
  readonly #time: DatabaseClock
  readonly #plans = new Map<string, Plan>()

  constructor(time: DatabaseClock) {
    this.#time = time
  }

  /** Milliseconds until the first one is due. */
  get pauseMs(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const { due } of this.#plans.values()) earliest = Math.min(earliest, due)
    return earliest - this.#time.now()
  }

  due(): readonly Plan[] {
    const now = this.#time.now()
    return [...this.#plans.values()].filter((plan) => plan.due <= now)
  }

  tickOf(name: string): Date | undefined {
    const plan = this.#plans.get(name)
    return plan === undefined ? undefined : new Date(plan.tick)
  }

  forget(name: string): void {
    this.#plans.delete(name)
  }

  /** Plans these, as they are stored, and no others. */
  replace(rows: readonly ReadableSchedule[]): void {
    const before = new Map(this.#plans)
    this.#plans.clear()
    for (const row of rows) {
      if (row.nextRun === null || row.paused) continue
      const plan = planOf(row, row.nextRun.getTime())
      const old = before.get(row.name)
      const isTried = old !== undefined && old.tick === plan.tick && old.tries > 0
      this.#plans.set(row.name, isTried ? { ...plan, due: Math.max(plan.due, old.due), tries: old.tries } : plan)
    }
  }

  /**
   * What to ask for, all ticks that are due by now; nothing when they are left to others for a moment.
   *
   * @param presentSince - since when this worker has been able to start ticks
   */
  request({ row, tick, due }: Plan, presentSince: number): PlannedRequest | undefined {
    const now = this.#time.now()
    const { name, revision, cron, missed, overlap } = row
    const ticks = ticksUntil(cron, tick, now, mostCatchUp).filter((at) => planOf(row, at).due <= now)
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

  /**
   * Where the schedule stands now, whoever started its tick.
   *
   * @param following - the tick to stand at if it was this worker's turn
   * @returns whether the row has to be read again
   */
  follow({ name, known, nextRun, revision, taken }: SeenSchedule, following: Date): boolean {
    const plan = this.#plans.get(name)
    if (plan === undefined) return false
    if (taken) this.#plans.set(name, planOf(plan.row, following.getTime()))
    else if (!known || revision !== plan.row.revision || nextRun === null) return true
    else if (nextRun.getTime() !== plan.tick) this.#plans.set(name, planOf(plan.row, nextRun.getTime()))
    else return this.#tryAgain(plan)
    return false
  }

  #tryAgain(plan: Plan): boolean {
    const tries = plan.tries + 1
    this.#plans.set(plan.row.name, { ...plan, tries, due: this.#time.now() + backoffMs(retry, tries, 0) })
    // It may be paused by hand, without a word to anybody.
    return tries % 4 === 0
  }
}

function planOf(row: ReadableSchedule, tick: number): Plan {
  const next = row.jitterMs === 0 ? undefined : row.cron.next(new Date(tick))?.getTime()
  return { row, tick, due: tick + jitterOf(row.name, tick, next, row.jitterMs), tries: 0 }
}
