import type { Lending, Rule } from "../../ports/limit-store.js"
import type { ClaimedJob } from "../../ports/worker-store.js"
import { StartTimes } from "./start-times.js"
import { WaitingLine } from "./waiting-line.js"

/** What a claim asked of a gate. */
export interface Asked {
  readonly most: number
  /** `Gate.wakes` when it went out. */
  readonly wakes: number
}

/** How many more jobs a worker could start now, and fetch ahead; and whether what it holds already fills it. */
export interface Capacity {
  readonly now: number
  readonly ahead: number
  readonly full: boolean
}

/** What a worker knows of one entrypoint that is limited or paused: how many of its jobs it may take and start without asking. */
export class Gate {
  readonly entrypoint: string
  rule: Rule
  /** The lease under which jobs are claimed; undefined until the first slots are lent. */
  lease: string | undefined
  /** There may be jobs that it did not get. */
  hungry = true
  /** Counts the news of jobs that may be ready: a claim that went out before the last one cannot say that there are none. */
  wakes = 0
  /** Nothing was free when it asked last: slots that are given back are announced. */
  refused = false
  /** When it may ask for starts again, by the clock of this process. */
  askAgainAt = 0
  /** Since when slots lie idle here. */
  idleSince: number | undefined
  /** Jobs that are claimed and wait for their start. */
  readonly line = new WaitingLine<ClaimedJob>()
  readonly starts = new StartTimes()
  #slots = 0
  #over = 0
  #held = 0
  #asked = 0
  #ending = 0

  constructor(rule: Rule) {
    this.entrypoint = rule.entrypoint
    this.rule = rule
  }

  get limited(): boolean {
    return this.rule.concurrencyLimit !== null || this.rule.requestsPerSecond !== null
  }

  /** How many slots all workers together have over the limit, which was lowered. */
  get over(): number {
    return this.#over
  }

  /** Jobs that are claimed and whose end is not recorded yet. */
  get held(): number {
    return this.#held
  }

  /** Jobs that claims under way may take. */
  get asked(): number {
    return this.#asked
  }

  /** Slots that nothing fills or is about to fill. */
  get spare(): number {
    return Math.max(0, this.#slots - this.#held - this.#asked)
  }

  /** How many jobs the next claim may take. The slots of jobs whose ends are on their way are free when it is committed. */
  room(now: number): number {
    if (this.rule.paused || this.lease === undefined) return 0
    const { concurrencyLimit, requestsPerSecond } = this.rule
    const slots =
      concurrencyLimit === null
        ? Number.POSITIVE_INFINITY
        : this.#slots - this.#over - this.#held - this.#asked + this.#ending
    const starts =
      requestsPerSecond === null
        ? Number.POSITIVE_INFINITY
        : this.starts.count(now, requestsPerSecond) - this.line.size - this.#asked
    return Math.max(0, Math.min(slots, starts))
  }

  /** A claim of at most so many goes out. */
  ask(most: number): Asked {
    this.#asked += most
    return { most, wakes: this.wakes }
  }

  /** It came back, and took so many. */
  answer(most: number, taken: number): void {
    this.#asked = Math.max(0, this.#asked - most)
    this.#held += taken
  }

  /** There may be jobs that are ready. */
  wake(): void {
    this.hungry = true
    this.wakes++
  }

  /** The end of a job goes out, before the claim of the same exchange is planned. */
  handIn(): void {
    this.#ending++
  }

  /** It came back. */
  ended(): void {
    this.#ending = Math.max(0, this.#ending - 1)
    this.#held = Math.max(0, this.#held - 1)
  }

  /** What the database says that this worker holds. Nothing is under way. */
  recount(held: number): void {
    this.#held = held
    this.#asked = 0
    this.#ending = 0
  }

  /**
   * @param sentAt - when the request for it went out
   * @returns how many slots it has more than before
   */
  lend(lending: Lending, sentAt: number, now: number): number {
    const gained = lending.slots - this.#slots
    this.lease = lending.lease
    this.#slots = lending.slots
    this.#over = lending.over
    if (lending.starts > 0) this.starts.add(now + lending.firstInMs, lending.apartMs ?? 0, lending.starts, now - sentAt)
    this.askAgainAt = lending.againInMs === null ? 0 : now + lending.againInMs
    return gained
  }

  /** The worker has lost everything: others free what was lent to it. */
  reset(): void {
    this.lease = undefined
    this.#slots = 0
    this.#over = 0
    this.#held = 0
    this.#asked = 0
    this.#ending = 0
    this.starts.clear()
    this.hungry = true
    this.refused = false
  }
}
