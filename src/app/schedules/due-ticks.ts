import type { CronExpression } from "../../domain/cron-expression.js"
import type { Missed, Overlap, TickWish } from "../../ports/schedule-store.js"

/** Of the ticks that were missed, so many are run at most. */
export const mostCatchUp = 100

/** Who was there at the time of a tick may be that late with it; later, it was missed. */
const latestStartMs = 10_000

/** The ticks from `first` to `now`, the newest `most` of them. */
export function ticksUntil(cron: CronExpression, first: number, now: number, most: number): readonly number[] {
  for (let spanMs = 2_000; ; spanMs *= 4) {
    const since = Math.max(first - 1, now - spanMs)
    const ticks: number[] = []
    for (let tick = cron.next(new Date(since)); tick !== undefined && tick.getTime() <= now; tick = cron.next(tick)) {
      ticks.push(tick.getTime())
    }
    if (ticks.length >= most || since === first - 1) return ticks.slice(-most)
  }
}

/**
 * How much later than its time a tick starts: up to `jitterMs`, always before the next one. It follows from name and tick, so that all workers
 * say the same.
 */
export function jitterOf(name: string, tick: number, next: number | undefined, jitterMs: number): number {
  if (jitterMs === 0) return 0
  const most = next === undefined ? jitterMs : Math.min(jitterMs, next - tick)
  return Math.floor(shareOf(`${name} ${tick}`) * most)
}

/** A number from 0 (included) to 1 (not) that a text stands for: FNV-1a, its bits mixed as MurmurHash3 does at the end. */
function shareOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

export interface DueSchedule {
  readonly missed: Missed
  readonly overlap: Overlap
  /** All that are due and not started, oldest first; at least one. */
  readonly ticks: readonly number[]
  /** Since when this worker has been able to start ticks. */
  readonly presentSince: number
  readonly now: number
}

/** What shall become of the ticks that are due. Those that are late, though this worker was there, are not missed: each is run. */
export function decideTicks({ missed, overlap, ticks, presentSince, now }: DueSchedule): readonly TickWish[] {
  const isLate = (tick: number) => tick >= presentSince && now - tick <= latestStartMs
  const late = ticks.filter(isLate)
  const gone = ticks.filter((tick) => !isLate(tick))
  const wanted = [...catchUp(missed, gone, late.length), ...late]
  if (wanted.length === 0)
    return [{ tick: new Date(ticks.at(-1)!), wish: "skip", reason: "no worker was there at its time" }]
  // What cannot run side by side waits for its turn.
  return wanted.map(overlap === "allow" || wanted.length === 1 ? run : wait)
}

function catchUp(missed: Missed, gone: readonly number[], late: number): readonly number[] {
  switch (missed) {
    case "once":
      return late > 0 ? [] : gone.slice(-1)
    case "all":
      return gone
    case "skip":
      return []
  }
}

function run(tick: number): TickWish {
  return { tick: new Date(tick), wish: "run" }
}

function wait(tick: number): TickWish {
  return { tick: new Date(tick), wish: "wait" }
}
