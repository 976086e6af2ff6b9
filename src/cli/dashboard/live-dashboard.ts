import { redact } from "../../domain/redact.js"
import type { Clock, Random, Timer } from "../../ports/clock.js"
import { messageOf } from "../failure.js"
import type { Figures } from "./figures.js"
import { type Frame, type Model, makeFrame, type Size } from "./frame.js"
import { type Key, press } from "./keys.js"
import type { DashboardReader, JobDetails } from "./reader.js"
import { Readings } from "./readings.js"
import { firstState, type State } from "./state.js"
import type { Line } from "./text.js"
import type { View, ViewName } from "./view.js"
import { views } from "./views.js"

/** What a live dashboard is shown on. */
interface Display {
  readonly size: Size
  show(lines: readonly Line[]): void
  forget(): void
}

interface LiveOptions extends Pick<Model, "intervalMs" | "tail" | "format" | "place" | "unicode"> {
  readonly reader: DashboardReader
  readonly display: Display
  readonly clock: Clock
  readonly random: Random
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Breaks off what is unanswered. */
  readonly breakOff: () => void
  /** Puts the whole process into the background. */
  readonly suspend: () => void
}

/** Reads, shows, and does what the keys say, until it is left. */
export class LiveDashboard {
  readonly #options: LiveOptions
  readonly #readings: Readings
  #state: State = firstState
  #figures: Figures | undefined
  #rows = new Map<ViewName, readonly unknown[]>()
  #job: { readonly id: string; readonly details: JobDetails | null } | undefined
  #trouble: Model["trouble"]
  #frame: Frame | undefined
  #tick: Timer | undefined

  constructor(options: LiveOptions) {
    this.#options = options
    this.#readings = new Readings({
      clock: options.clock,
      random: options.random,
      intervalMs: options.intervalMs,
      isPaused: () => this.#state.isPaused,
      read: () => this.#read(),
      onFailure: (error, againInMs) => this.#fail(error, againInMs),
      breakOff: options.breakOff,
    })
  }

  /** The first reading, before anything is shown: what is wrong with the connection is said like by any other command. */
  async readFirst(): Promise<void> {
    await this.#readings.once()
  }

  /** Resolves when it is left. */
  async run(): Promise<void> {
    this.#everySecond()
    this.draw()
    try {
      await this.#readings.run()
    } finally {
      this.#tick?.cancel()
    }
  }

  leave(): void {
    this.#readings.stop()
  }

  press(key: Key): void {
    if (this.#frame === undefined) return
    const { state, effect } = press(this.#state, key, this.#frame.seen)
    this.#state = state
    if (effect === "leave") this.leave()
    if (effect === "suspend") this.#options.suspend()
    if (effect === "redraw") this.#options.display.forget()
    if (effect === "read") this.#readings.soon()
    this.draw()
  }

  draw(): void {
    const { display, now, ...settings } = this.#options
    const id = this.#openId
    const model: Model = {
      ...settings,
      state: this.#state,
      figures: this.#figures,
      rows: this.#rows.get(this.#state.view),
      job: id === undefined || this.#job?.id !== id ? undefined : this.#job.details,
      trouble: this.#trouble,
      now: now(),
    }
    this.#frame = makeFrame(model, display.size)
    display.show(this.#frame.lines)
  }

  async #read(): Promise<void> {
    const { reader } = this.#options
    const view: View = views[this.#state.view]
    const id = this.#openId
    const figures = reader.figures()
    const [newFigures, rows, job] = await Promise.all([
      figures,
      view.read(reader, figures),
      id === undefined ? undefined : reader.job(id),
    ])
    this.#figures = newFigures
    this.#rows.set(view.name, rows)
    if (id !== undefined) this.#job = { id, details: job ?? null }
    this.#trouble = undefined
    if (this.#tick !== undefined) this.draw()
  }

  #fail(error: unknown, againInMs: number): void {
    const now = this.#options.now()
    const since = this.#trouble?.since ?? this.#figures?.readAt.getTime() ?? now
    this.#trouble = { message: redact(messageOf(error)), since, againAt: now + againInMs }
    this.draw()
  }

  get #openId(): string | undefined {
    const { overlay } = this.#state
    return overlay?.kind === "job" ? overlay.ids[overlay.index] : undefined
  }

  /** Ages and waits are counted on the screen. */
  #everySecond(): void {
    this.#tick = this.#options.clock.after(1_000, () => {
      this.#everySecond()
      this.draw()
    })
  }
}
