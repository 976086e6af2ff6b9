import type { Clock, Random } from "../../ports/clock.js"
import type { Driver } from "../../ports/driver.js"
import type { DescribedEnd, FeedStore } from "../../ports/feed-store.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import type { WatchStore } from "../../ports/watch-store.js"
import { ChannelListener } from "../channel-listener.js"
import { Duty, type DutyEnvironment } from "../worker/duty.js"

/** What the notifications of a queue say. */
export type FeedEvent =
  /** Jobs may run: of these entrypoints, from this place in line on; without entrypoints of any. `dueAt`: one is deferred until then. */
  | {
      readonly event: "wake-up"
      readonly entrypoints: readonly string[] | null
      readonly seq: string | null
      readonly dueAt: Date | null
    }
  /** Limits or pauses have changed. */
  | { readonly event: "rules" }
  /** Schedules have changed, or runs of them wait for a worker. */
  | { readonly event: "schedules" }
  /** Jobs that run were asked to stop. */
  | { readonly event: "cancel" }
  /** Workers were asked to drain. */
  | { readonly event: "drain" }
  | ({ readonly event: "ended" } & DescribedEnd)

export interface EventFeedParts {
  readonly clock: Clock
  readonly random: Random
  readonly driver: Driver
  /** Where workers are woken, and where ends are told. */
  readonly channel: string
  readonly endChannel: string
  readonly log: Logger
  readonly watch: WatchStore
  readonly feed: FeedStore
  notify(payload: string): Promise<void>
  onEvent(event: FeedEvent): void
}

/** Ends are told for 15 s after a watcher was last seen. */
const refreshMs = 5_000

/** So many ends are described by one statement. */
const batchSize = 1_000

/** Hears all notifications of a queue. It counts as a watcher, so that ends are told; nothing is polled, so what a lost connection hides stays hidden. */
export class EventFeed {
  readonly #parts: EventFeedParts
  readonly #wakeUps: ChannelListener
  readonly #ends: ChannelListener
  readonly #presence: Duty
  readonly #descriptions: Duty
  #watcherId = ""
  #ended: string[] = []

  constructor(parts: EventFeedParts) {
    this.#parts = parts
    const { clock, random, driver, log, channel, endChannel } = parts
    const duties: DutyEnvironment = {
      clock,
      random,
      onFailure: (duty, error) => logEvent(log, "watch.failed", `${duty} failed; trying again`, { duty, error }),
    }
    const shared = { clock, duties, driver, log, otherwise: "events are not seen", onGap: () => {} }
    this.#wakeUps = new ChannelListener({
      ...shared,
      channel,
      notify: (echo) => parts.notify(JSON.stringify(echo)),
      onMessage: (message) => {
        if (message !== undefined) parts.onEvent(asEvent(message))
      },
    })
    this.#ends = new ChannelListener({
      ...shared,
      channel: endChannel,
      notify: (echo) => parts.watch.notify(JSON.stringify(echo)),
      onMessage: (message) => this.#hearEnds(message?.["ended"]),
    })
    this.#presence = new Duty("watch", duties, async () => {
      await parts.watch.findEnds([], this.#watcherId)
      return refreshMs
    })
    this.#descriptions = new Duty("describe", duties, () => this.#describe())
  }

  /** @throws PgQueuerError why the database cannot be used; later failures are logged, and tried again */
  async start(): Promise<void> {
    this.#watcherId = await this.#parts.watch.startWatcher()
    for (const part of [this.#wakeUps, this.#ends, this.#presence, this.#descriptions]) part.start()
  }

  async stop(): Promise<void> {
    const parts = [this.#wakeUps, this.#ends, this.#presence, this.#descriptions]
    await Promise.all(parts.map((part) => part.stop()))
    await this.#parts.watch.stopWatcher(this.#watcherId)
  }

  #hearEnds(ended: unknown): void {
    if (!Array.isArray(ended)) return
    this.#ended.push(...ended.filter((id) => typeof id === "string" && /^\d{1,18}$/.test(id)))
    this.#descriptions.poke()
  }

  async #describe(): Promise<number> {
    while (this.#ended.length > 0) {
      const ids = this.#ended.slice(0, batchSize)
      const described = new Map((await this.#parts.feed.describeEnds(ids)).map((end) => [end.id, end]))
      this.#ended = this.#ended.slice(ids.length)
      for (const id of ids) {
        const end = described.get(id)
        if (end !== undefined) this.#parts.onEvent({ event: "ended", ...end })
      }
    }
    return Number.POSITIVE_INFINITY
  }
}

/** Only what has the right form: anybody may notify any channel. */
function asEvent(message: Readonly<Record<string, unknown>>): FeedEvent {
  const { entrypoints, seq, due, rules, cancel, drain, schedules } = message
  if (rules === true) return { event: "rules" }
  if (cancel === true) return { event: "cancel" }
  if (drain === true) return { event: "drain" }
  if (schedules === true) return { event: "schedules" }
  const named = Array.isArray(entrypoints) && entrypoints.every((name) => typeof name === "string")
  return {
    event: "wake-up",
    entrypoints: named ? entrypoints : null,
    seq: typeof seq === "string" ? seq : null,
    dueAt: typeof due === "number" && Math.abs(due) <= 8.64e15 ? new Date(due) : null,
  }
}
