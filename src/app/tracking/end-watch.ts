import { PgQueuerError } from "../../domain/errors.js"
import type { EndStatus } from "../../domain/status.js"
import type { Clock, Random, Timer } from "../../ports/clock.js"
import type { Driver } from "../../ports/driver.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import type { WatchStore } from "../../ports/watch-store.js"
import { ChannelListener } from "../channel-listener.js"
import { mayPass } from "../passing-failure.js"
import { Duty, type DutyEnvironment } from "../worker/duty.js"
import { EndWait, stopped } from "./end-wait.js"

/** The base that is always right; notifications make it quick. Without them it is all there is. */
const pollMs = 4_900
const pollWithoutNotificationsMs = 1_000

/** Statements that began before the watcher's row was there tell nobody of their ends; by then they are committed. */
const secondLooksMs = [100, 250]

/** Ends are notified for 15 s after the watcher was last seen. */
const gapMs = 10_000

/** Who waits for one job after the other does not come and go each time. */
const lingerMs = 300

const queryTimeoutMs = 10_000

export interface EndWatchParts {
  readonly clock: Clock
  readonly random: Random
  readonly driver: Driver
  readonly channel: string
  readonly log: Logger
  readonly store: WatchStore
  /** Refuses a database that does not fit. */
  checkSchema(): Promise<void>
}

export interface WaitOptions {
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Waits for the ends of any number of jobs with one LISTEN and one statement a poll. Without a wait it holds nothing. */
export class EndWatch {
  readonly #parts: EndWatchParts
  readonly #duty: Duty
  readonly #listener: ChannelListener
  readonly #waits = new Map<string, Set<EndWait>>()
  /** Jobs to be looked at before the next poll: new ones, and those that a notification named. */
  #due = new Set<string>()
  #watcherId: string | undefined
  #seenAt = 0
  #nextPollAt = Number.NEGATIVE_INFINITY
  #emptySince = 0
  #secondLooks: Timer[] = []
  #started = false
  #closing: Promise<void> | undefined
  #worked = false

  constructor(parts: EndWatchParts) {
    this.#parts = parts
    const { clock, random, log } = parts
    const duties: DutyEnvironment = { clock, random, onFailure: (duty, error, ms) => complain(log, duty, error, ms) }
    this.#duty = new Duty("watch", duties, () => this.#work(), { maxBackoffMs: 2_000 })
    this.#listener = new ChannelListener({
      ...parts,
      duties,
      otherwise: "ends are found by polling",
      notify: (echo) => parts.store.notify(JSON.stringify(echo)),
      onMessage: (message) => this.#hear(message?.["ended"]),
      onGap: () => this.#lookAtAll(),
    })
  }

  /** Resolves when all of them have ended, in their order. */
  async wait(ids: readonly string[], { timeoutMs, signal }: WaitOptions): Promise<ReadonlyMap<string, EndStatus>> {
    if (this.#closing !== undefined) throw watcherClosed()
    if (signal?.aborted === true) throw stopped(signal)
    if (ids.length === 0) return new Map()
    const wait = new EndWait({
      clock: this.#parts.clock,
      ids,
      timeoutMs,
      signal,
      onOver: (left) => this.#forget(wait, left),
    })
    for (const id of ids) {
      const others = this.#waits.get(id)
      if (others === undefined) this.#waits.set(id, new Set([wait]))
      else others.add(wait)
      this.#due.add(id)
    }
    if (this.#started) this.#duty.poke()
    else this.#duty.start()
    this.#started = true
    return wait.ends
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#failAll(watcherClosed())
    await this.#duty.stop()
    await this.#leave()
  }

  async #work(): Promise<number> {
    // All that begin to wait in the same turn share a statement.
    await this.#parts.clock.turn()
    if (this.#waits.size === 0) return this.#rest()
    try {
      await this.#arrive()
      await this.#look()
    } catch (error) {
      if (mayPass(error, this.#worked)) throw error
      this.#failAll(error)
      return this.#rest()
    }
    return this.#waits.size === 0 ? this.#rest() : this.#nextPollAt - this.#parts.clock.monotonic()
  }

  async #arrive(): Promise<void> {
    const { driver, store, clock } = this.#parts
    if (driver.features.inTransaction) throw insideTransaction(driver.label)
    if (!this.#worked) await this.#parts.checkSchema()
    this.#worked = true
    if (!driver.features.listen) return
    if (this.#watcherId === undefined) {
      this.#watcherId = await store.startWatcher()
      this.#seenAt = clock.monotonic()
      this.#lookAgain()
    }
    this.#listener.start()
  }

  async #look(): Promise<void> {
    const { clock, random, store, driver } = this.#parts
    const sentAt = clock.monotonic()
    const isPoll = sentAt >= this.#nextPollAt
    const due = this.#due
    const ids = [...(isPoll ? this.#waits.keys() : due)].filter((id) => this.#waits.has(id))
    this.#due = new Set()
    if (ids.length === 0) return
    // The only connection of a driver may be busy for long with something else, and must not be given up for that.
    const signal = driver.features.sessions > 1 ? AbortSignal.timeout(queryTimeoutMs) : undefined
    let ends: ReadonlyMap<string, EndStatus | "unknown">
    try {
      ends = await store.findEnds(ids, isPoll ? (this.#watcherId ?? null) : null, signal)
    } catch (error) {
      for (const id of due) this.#due.add(id)
      throw error
    }
    if (isPoll) {
      if (sentAt - this.#seenAt > gapMs) this.#lookAgain()
      this.#seenAt = sentAt
      this.#nextPollAt = sentAt + this.#pauseMs * (0.9 + random() * 0.1)
    }
    for (const [id, end] of ends) {
      const waits = this.#waits.get(id) ?? []
      this.#waits.delete(id)
      for (const wait of [...waits]) wait.hear(id, end)
    }
  }

  get #pauseMs(): number {
    return this.#listener.state === "listening" ? pollMs : pollWithoutNotificationsMs
  }

  #hear(ended: unknown): void {
    if (!Array.isArray(ended)) return
    const due = this.#due.size
    for (const id of ended) if (this.#waits.has(id)) this.#due.add(id)
    if (this.#due.size > due) this.#duty.poke()
  }

  #lookAtAll(): void {
    this.#nextPollAt = Number.NEGATIVE_INFINITY
    this.#duty.poke()
  }

  #lookAgain(): void {
    for (const timer of this.#secondLooks) timer.cancel()
    this.#secondLooks = secondLooksMs.map((ms) => this.#parts.clock.after(ms, () => this.#lookAtAll()))
  }

  #forget(wait: EndWait, left: ReadonlySet<string>): void {
    for (const id of left) {
      const waits = this.#waits.get(id)
      waits?.delete(wait)
      if (waits?.size === 0) this.#waits.delete(id)
    }
    if (this.#waits.size > 0) return
    this.#emptySince = this.#parts.clock.monotonic()
    this.#duty.poke()
  }

  #failAll(error: unknown): void {
    for (const wait of new Set([...this.#waits.values()].flatMap((waits) => [...waits]))) wait.fail(error)
  }

  async #rest(): Promise<number> {
    const leftMs = this.#emptySince + lingerMs - this.#parts.clock.monotonic()
    if (leftMs > 0) return leftMs
    await this.#leave()
    return Number.POSITIVE_INFINITY
  }

  async #leave(): Promise<void> {
    const watcherId = this.#watcherId
    for (const timer of this.#secondLooks) timer.cancel()
    this.#watcherId = undefined
    this.#nextPollAt = Number.NEGATIVE_INFINITY
    await this.#listener.stop()
    if (watcherId === undefined) return
    try {
      await this.#parts.store.stopWatcher(watcherId)
    } catch (error) {
      // Its row says nothing after 15 seconds, and whoever comes by removes it.
      logEvent(this.#parts.log, "watch.left-behind", "a watcher's row was left behind", { duty: "watch", error })
    }
  }
}

function complain(log: Logger, duty: string, error: unknown, retryInMs = 0): void {
  const message = `${duty} failed; next try in ${Math.round(retryInMs)} ms`
  logEvent(log, "watch.failed", message, { duty, error, retryInMs })
}

function watcherClosed(): PgQueuerError {
  return new PgQueuerError("PGQ_WATCHER_CLOSED", "the CompletionWatcher was closed", {
    remedy: "Close it when nobody waits any more, and make another one for other waits.",
  })
}

function insideTransaction(label: string): PgQueuerError {
  return new PgQueuerError("PGQ_UNSUPPORTED", `${label} is inside a transaction, which no worker sees into`, {
    remedy: "Commit, and wait on a driver of its own.",
  })
}
