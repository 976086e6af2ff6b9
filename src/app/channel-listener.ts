import type { Clock, Timer } from "../ports/clock.js"
import type { Driver, Subscription } from "../ports/driver.js"
import { type Logger, logEvent } from "../ports/logger.js"
import { Duty, type DutyEnvironment } from "./worker/duty.js"

/** A notification that does not come back within this time does not come at all. */
const echoTimeoutMs = 2_000

/** A timer that comes so late was held up by a handler that computes, and so was all that has arrived meanwhile. */
const heldUpMs = 200

const about = { duty: "listen" }

/** `deaf`: notifications don't arrive on it. `unsupported`: the driver has none. With both, what they would tell is found by polling. */
export type ListenState = "opening" | "listening" | "lost" | "deaf" | "unsupported"

export interface ChannelListenerParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly driver: Driver
  readonly channel: string
  readonly log: Logger
  /** What happens without notifications, for the log: `this worker finds jobs by polling`. */
  readonly otherwise: string
  /** Sends this to the channel, with whatever else a message of it needs. */
  notify(echo: { readonly echo: string }): Promise<void>
  /** What somebody sent, and is not to be trusted; undefined for what is no JSON object. */
  onMessage(message: Readonly<Record<string, unknown>> | undefined): void
  /** Notifications may have been missed until now (`opened`), or will be from now on. */
  onGap(why: "opened" | "lost" | "deaf"): void
}

/** Holds LISTEN open on a channel, opens it again when it is lost, and proves once that notifications arrive. */
export class ChannelListener {
  readonly #parts: ChannelListenerParts
  readonly #duty: Duty
  #started = false
  #subscription: Subscription | undefined
  #wasLost = false
  #proved = false
  #isDeaf = false
  #echo: string | undefined
  #endProof: ((how: "heard" | "lost") => void) | undefined

  constructor(parts: ChannelListenerParts) {
    this.#parts = parts
    this.#duty = new Duty("listen", parts.duties, () => this.#listen())
  }

  get state(): ListenState {
    if (!this.#parts.driver.features.listen) return "unsupported"
    if (this.#subscription === undefined) return this.#wasLost ? "lost" : "opening"
    return this.#isDeaf ? "deaf" : "listening"
  }

  /** Twice is once; it can be started again after a stop. */
  start(): void {
    if (this.#started) return
    this.#started = true
    const { driver, log, otherwise } = this.#parts
    if (driver.features.listen) this.#duty.start()
    else logEvent(log, "listen.unsupported", `the driver cannot LISTEN: ${otherwise}`, about)
  }

  async stop(): Promise<void> {
    this.#started = false
    this.#endProof?.("lost")
    await this.#duty.stop()
    const subscription = this.#subscription
    this.#subscription = undefined
    await subscription?.close()
  }

  async #listen(): Promise<number> {
    if (this.#subscription === undefined) await this.#open()
    if (this.#started && this.#subscription !== undefined && !this.#proved) await this.#prove()
    return Number.POSITIVE_INFINITY
  }

  async #open(): Promise<void> {
    let lost = false
    const subscription = await this.#parts.driver.listen(this.#parts.channel, {
      onNotification: (payload) => this.#hear(payload),
      onLost: (error) => {
        lost = true
        this.#lose(error)
      },
    })
    if (lost) throw new Error("the LISTEN connection was lost at once")
    this.#subscription = subscription
    if (!this.#started) return
    if (this.#wasLost) logEvent(this.#parts.log, "listen.restored", "the LISTEN connection is open again", about)
    this.#parts.onGap("opened")
  }

  #lose(error: unknown): void {
    this.#subscription = undefined
    if (!this.#started) return
    this.#wasLost = true
    logEvent(this.#parts.log, "listen.lost", "the LISTEN connection was lost; opening it again", { ...about, error })
    this.#endProof?.("lost")
    this.#parts.onGap("lost")
    this.#duty.poke()
  }

  /** Behind a pooler LISTEN can be accepted while nothing ever arrives. */
  async #prove(): Promise<void> {
    const echo = `${Math.trunc(this.#parts.duties.random() * 1e15)}`
    this.#echo = echo
    const proof = new Promise<"heard" | "lost" | "late">((resolve) => {
      let timer = this.#afterEchoTimeout(resolve, (next) => {
        timer = next
      })
      this.#endProof = (how) => {
        timer.cancel()
        resolve(how)
      }
    })
    try {
      await this.#parts.notify({ echo })
    } catch (error) {
      this.#endProof?.("lost")
      throw error
    }
    const how = await proof
    // A connection that broke meanwhile says nothing about the next one.
    this.#proved = how !== "lost"
    if (how === "late") this.#complain()
  }

  /** Waits anew where the event loop was held up: the time has passed, but nothing could be read in it. */
  #afterEchoTimeout(resolve: (how: "late") => void, onAnew: (timer: Timer) => void): Timer {
    const { clock } = this.#parts
    const dueAt = clock.monotonic() + echoTimeoutMs
    return clock.after(echoTimeoutMs, () => {
      if (clock.monotonic() - dueAt > heldUpMs) onAnew(this.#afterEchoTimeout(resolve, onAnew))
      else resolve("late")
    })
  }

  #complain(): void {
    const { log, otherwise, onGap } = this.#parts
    this.#isDeaf = true
    logEvent(
      log,
      "listen.deaf",
      `notifications don't arrive on this connection (a pooler in transaction mode?): ${otherwise}. Give the driver a direct listenUrl (PGQUEUER_LISTEN_URL).`,
      about,
    )
    onGap("deaf")
  }

  #hear(payload: string): void {
    this.#isDeaf = false
    const message = readMessage(payload)
    if (message === undefined || !("echo" in message)) this.#parts.onMessage(message)
    else if (message["echo"] === this.#echo) this.#endProof?.("heard")
  }
}

/** Anybody may notify any channel. */
function readMessage(payload: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const message: unknown = JSON.parse(payload)
    return typeof message === "object" && message !== null ? (message as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
