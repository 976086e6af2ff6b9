import type { Clock } from "../../ports/clock.js"
import type { Driver, Subscription } from "../../ports/driver.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import { Duty, type DutyEnvironment } from "../worker/duty.js"

/** A notification that does not come back within this time does not come at all. */
const echoTimeoutMs = 2_000

export interface ChannelListenerParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly driver: Driver
  readonly channel: string
  readonly log: Logger
  notify(payload: string): Promise<void>
  /** Any JSON object that somebody sent; what it says is not to be trusted. */
  onMessage(message: Readonly<Record<string, unknown>>): void
  /** Notifications may have been missed: LISTEN was opened, or lost. */
  onGap(): void
}

/** Holds LISTEN open on a channel, opens it again when it is lost, and proves once that notifications arrive. */
export class ChannelListener {
  readonly #parts: ChannelListenerParts
  readonly #duty: Duty
  #subscription: Subscription | undefined
  #wasLost = false
  #started = false
  /** Whether notifications arrive on such a connection; undefined until it is proved. */
  #arrives: boolean | undefined
  #echo: string | undefined
  #endProof: ((heard?: boolean) => void) | undefined

  constructor(parts: ChannelListenerParts) {
    this.#parts = parts
    this.#duty = new Duty("listen", parts.duties, () => this.#listen())
  }

  /** Whether notifications arrive, as far as anybody knows. */
  get hears(): boolean {
    return this.#subscription !== undefined && this.#arrives !== false
  }

  /** Twice is once. */
  start(): void {
    if (this.#started) return
    this.#started = true
    this.#duty.start()
  }

  async stop(): Promise<void> {
    if (!this.#started) return
    this.#started = false
    this.#endProof?.()
    await this.#duty.stop()
    const subscription = this.#subscription
    this.#subscription = undefined
    await subscription?.close()
  }

  async #listen(): Promise<number> {
    if (this.#subscription !== undefined) return Number.POSITIVE_INFINITY
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
    if (!this.#started) return Number.POSITIVE_INFINITY
    if (this.#wasLost) {
      logEvent(this.#parts.log, "listen.restored", "the LISTEN connection is open again", { duty: "listen" })
    }
    this.#parts.onGap()
    if (this.#arrives === undefined) await this.#prove()
    return Number.POSITIVE_INFINITY
  }

  #lose(error: unknown): void {
    this.#subscription = undefined
    if (!this.#started) return
    this.#wasLost = true
    logEvent(this.#parts.log, "listen.lost", "the LISTEN connection was lost; opening it again", {
      duty: "listen",
      error,
    })
    this.#endProof?.()
    this.#duty.poke()
    this.#parts.onGap()
  }

  /** Behind a pooler LISTEN can be accepted while nothing ever arrives. */
  async #prove(): Promise<void> {
    const echo = `${Math.trunc(this.#parts.duties.random() * 1e15)}`
    this.#echo = echo
    const proof = new Promise<boolean | undefined>((resolve) => {
      const timer = this.#parts.clock.after(echoTimeoutMs, () => resolve(false))
      this.#endProof = (heard) => {
        timer.cancel()
        resolve(heard)
      }
    })
    try {
      await this.#parts.notify(JSON.stringify({ echo }))
      this.#arrives = await proof
    } finally {
      this.#endProof?.()
      this.#endProof = undefined
    }
    if (this.#arrives === false) this.#complain()
  }

  #complain(): void {
    logEvent(
      this.#parts.log,
      "listen.deaf",
      "notifications don't arrive on this connection (a pooler in transaction mode?): ends are found by polling. Give the driver a direct listenUrl (PGQUEUER_LISTEN_URL).",
      { duty: "listen" },
    )
    this.#parts.onGap()
  }

  #hear(payload: string): void {
    let message: unknown
    try {
      message = JSON.parse(payload)
    } catch {
      // Anybody may notify any channel.
      return
    }
    if (typeof message !== "object" || message === null) return
    if (!("echo" in message)) this.#parts.onMessage(message as Record<string, unknown>)
    else if (message.echo === this.#echo) this.#endProof?.(true)
  }
}
