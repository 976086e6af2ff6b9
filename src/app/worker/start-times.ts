interface Stretch {
  next: number
  readonly apart: number
  left: number
  /** By so much the times may be late already, because the reply that told them took so long. */
  readonly doubt: number
  readonly patient: boolean
}

/** Starts a second up to which a late start is allowed nearly the whole pause to the next one. */
const slowRate = 20
/** Longer pauses must still be seen as even: so much, or a twentieth of the pause. */
const mostSlowLatenessMs = 90
/** From this rate on a worker holds few starts compared to what begins in a second: it may use them late, and all at once. */
export const fastRate = 10_000
const patientLatenessMs = 250

/** How many of them: with three workers not more than 3 % of a second's. */
export function patientStarts(perSecond: number): number {
  return Math.floor(perSecond / 100)
}

/** Above the slow rate: 4 % of a second, less what timers are late. */
const fastLatenessMs = 35

/**
 * The times at which a worker may start jobs of an entrypoint that is limited to so many a second, as it has reserved them, by the clock of
 * this process. Who comes too late to a time gives it up: later starts would crowd the next ones.
 */
export class StartTimes {
  #stretches: Stretch[] = []

  /** @param doubt - how much earlier the first one may have been by the database's clock, in milliseconds */
  add(first: number, apart: number, count: number, doubt: number): void {
    const perSecond = 1_000 / apart
    const patient = perSecond >= fastRate && count <= patientStarts(perSecond)
    this.#stretches.push({ next: first, apart, left: count, doubt, patient })
  }

  /** How many are left that one is not too late for. */
  count(now: number, perSecond: number): number {
    this.#giveUp(now, latenessMs(perSecond))
    let count = 0
    for (const { left } of this.#stretches) count += left
    return count
  }

  /** When the next one is, or undefined for none. */
  next(now: number, perSecond: number): number | undefined {
    this.#giveUp(now, latenessMs(perSecond))
    return this.#stretches[0]?.next
  }

  /** Uses the next one up. */
  take(): void {
    const stretch = this.#stretches[0]
    if (stretch === undefined) return
    stretch.next += stretch.apart
    stretch.left--
    if (stretch.left === 0) this.#stretches.shift()
  }

  clear(): void {
    this.#stretches = []
  }

  #giveUp(now: number, latenessMs: number): void {
    for (;;) {
      const stretch = this.#stretches[0]
      if (stretch === undefined) return
      const before = now - (stretch.patient ? patientLatenessMs : Math.max(0, latenessMs - stretch.doubt))
      if (stretch.next >= before) return
      const missed = Math.min(
        stretch.left,
        stretch.apart === 0 ? stretch.left : Math.ceil((before - stretch.next) / stretch.apart),
      )
      stretch.next += missed * stretch.apart
      stretch.left -= missed
      if (stretch.left === 0) this.#stretches.shift()
    }
  }
}

/**
 * How late a start may be. Starts are `1 / perSecond` apart; with each at most so late, no second holds more than `perSecond + 1` of
 * them up to 20 a second (where that is a whole number), and 4 % more above.
 */
function latenessMs(perSecond: number): number {
  if (perSecond > slowRate) return fastLatenessMs
  return Math.min(900 / perSecond, Math.max(mostSlowLatenessMs, 50 / perSecond))
}
