import { type Logger, logEvent } from "../../ports/logger.js"
import type { Connection } from "../worker/connection.js"
import { Duty, type DutyEnvironment } from "../worker/duty.js"

export interface RunRescueParts {
  readonly duties: DutyEnvironment
  readonly connection: Connection
  readonly log: Logger
  readonly maxRescues: number
  /** Runs of schedules wait for another worker. */
  onRescued(): void
}

/** So many are named in a line of the log. */
const mostNamed = 20

/** Lets the runs of dead workers be run again. Every worker does that for all others, with or without schedules of its own. */
export class RunRescue {
  readonly #parts: RunRescueParts
  readonly #duty: Duty

  constructor(parts: RunRescueParts) {
    this.#parts = parts
    this.#duty = new Duty("rescue of runs", parts.duties, () => this.#rescue())
  }

  start(): void {
    this.#duty.start()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  poke(): void {
    this.#duty.poke()
  }

  async #rescue(): Promise<number> {
    const { connection, log, maxRescues, onRescued } = this.#parts
    const runs = await connection.use((store) => store.schedules.rescue(maxRescues))
    if (runs.length === 0) return Number.POSITIVE_INFINITY
    logEvent(log, "schedules.rescued", "runs of schedules of a dead worker were rescued", {
      duty: "rescue of runs",
      count: runs.length,
      runs: runs.slice(0, mostNamed).map(({ name, tick, attempt, again }) => ({ name, tick, attempt, again })),
    })
    onRescued()
    return Number.POSITIVE_INFINITY
  }
}
