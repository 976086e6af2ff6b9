import type { Clock } from "../../ports/clock.js"
import type { Driver, Subscription } from "../../ports/driver.js"
import type { WakeUp } from "../../ports/job-store.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import { Duty, type DutyEnvironment } from "./duty.js"

/** A notification that does not come back within this time does not come at all. */
const echoTimeoutMs = 2_000

const about = { duty: "listen" }

/** `deaf`: notifications don't arrive on it. `unsupported`: the driver has none. With both, jobs are found by polling. */
export type ListenState = "opening" | "listening" | "lost" | "deaf" | "unsupported"

export interface WakeUpListenerParts {
  readonly clock: Clock
  readonly duties: DutyEnvironment
  readonly driver: Driver
  readonly channel: string
  readonly log: Logger
  notify(wakeUp: WakeUp & { readonly echo: string }): Promise<void>
  onWakeUp(wakeUp: WakeUp): void
  /** Notifications may have been missed. */
  onGap(): void
  /** The connection has broken: the database may be away. */
  onLost(): void
}

/** Holds LISTEN open, opens it again when it is lost, and proves once that notifications arrive. */
export class WakeUpListener {
  readonly #parts: WakeUpListenerParts
  readonly #duty: Duty
  #subscription: Subscription | undefined
  #wasLost = false
  #proved = false
  #isDeaf = false
  #endProof: ((how: "heard" | "lost") => void) | undefined

  constructor(parts: WakeUpListenerParts) {
    this.#parts = parts
    this.#duty = new Duty("listen", parts.duties, () => this.#listen())
  }

  get state(): ListenState {
    if (!this.#parts.driver.features.listen) return "unsupported"
    if (this.#subscription === undefined) return this.#wasLost ? "lost" : "opening"
    return this.#isDeaf ? "deaf" : "listening"
  }

  start(): void {
    if (this.#parts.driver.features.listen) this.#duty.start()
    else {
      logEvent(
        this.#parts.log,
        "listen.unsupported",
        "the driver cannot LISTEN: this worker finds jobs by polling",
        about,
      )
    }
  }

  async stop(): Promise<void> {
    this.#endProof?.("lost")
    await this.#duty.stop()
    await this.#subscription?.close()
    this.#subscription = undefined
  }

  async #listen(): Promise<number> {
    if (this.#subscription === undefined) await this.#open()
    if (this.#subscription !== undefined && !this.#proved) await this.#prove()
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
    if (this.#wasLost) logEvent(this.#parts.log, "listen.restored", "the LISTEN connection is open again", about)
    this.#parts.onGap()
  }

  #lose(error: unknown): void {
    this.#subscription = undefined
    this.#wasLost = true
    logEvent(this.#parts.log, "listen.lost", "the LISTEN connection was lost; opening it again", { ...about, error })
    this.#endProof?.("lost")
    this.#parts.onLost()
    this.#duty.poke()
  }

  /** Behind a pooler LISTEN can be accepted while nothing ever arrives. */
  async #prove(): Promise<void> {
    const echo = `${Math.trunc(this.#parts.duties.random() * 1e15)}`
    this.#echo = echo
    const proof = new Promise<"heard" | "lost" | "late">((resolve) => {
      // After a handler that held up the event loop this timer comes before what has arrived meanwhile is read.
      const giveUp = () => void this.#parts.clock.turn().then(() => resolve("late"))
      const timer = this.#parts.clock.after(echoTimeoutMs, giveUp)
      this.#endProof = (how) => {
        timer.cancel()
        resolve(how)
      }
    })
    try {
      await this.#parts.notify({ entrypoints: [], echo })
    } catch (error) {
      this.#endProof?.("lost")
      throw error
    }
    const how = await proof
    // A connection that broke meanwhile says nothing about the next one.
    this.#proved = how !== "lost"
    if (how !== "late") return
    this.#isDeaf = true
    logEvent(
      this.#parts.log,
      "listen.deaf",
      "notifications don't arrive on this connection (a pooler in transaction mode?): this worker finds jobs by polling. Give the driver a direct listenUrl (PGQUEUER_LISTEN_URL).",
      about,
    )
  }

  #echo: string | undefined

  #hear(payload: string): void {
    this.#isDeaf = false
    let message: (WakeUp & { readonly echo?: string }) | undefined
    try {
      message = payload === "" ? {} : JSON.parse(payload)
    } catch {
      // Anybody may notify any channel; a payload that is not ours still is a reason to look.
    }
    if (typeof message !== "object" || message === null) message = {}
    if (message.echo !== undefined) {
      if (message.echo === this.#echo) this.#endProof?.("heard")
      return
    }
    this.#parts.onWakeUp(readWakeUp(message))
  }
}

/** Only what has the right form: a notification is not to be trusted. */
function readWakeUp(message: {
  readonly entrypoints?: unknown
  readonly seq?: unknown
  readonly due?: unknown
  readonly cancel?: unknown
  readonly rules?: unknown
  readonly freed?: unknown
  readonly schedules?: unknown
}): WakeUp {
  const { entrypoints, seq, due, cancel, rules, freed, schedules } = message
  if (!Array.isArray(entrypoints) || !entrypoints.every((name) => typeof name === "string")) return {}
  return {
    entrypoints,
    seq: typeof seq === "string" && /^\d+$/.test(seq) ? seq : null,
    due: typeof due === "number" ? due : null,
    ...(cancel === true ? { cancel } : {}),
    ...(rules === true ? { rules } : {}),
    ...(schedules === true ? { schedules } : {}),
    ...(freed === true || (Array.isArray(freed) && freed.every((name) => typeof name === "string")) ? { freed } : {}),
  }
}
