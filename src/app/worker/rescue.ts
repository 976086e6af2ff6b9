import type { Timer } from "../../ports/clock.js"
import { type Logger, logEvent } from "../../ports/logger.js"
import type { Beat, RescuedJob } from "../../ports/worker-store.js"
import type { ClaimRegister } from "./claim-register.js"
import type { Connection } from "./connection.js"
import { Duty, type DutyEnvironment } from "./duty.js"
import type { EventHub } from "./events.js"

export interface RescueParts {
  readonly duties: DutyEnvironment
  readonly connection: Connection
  readonly register: ClaimRegister
  readonly events: EventHub
  readonly log: Logger
  readonly maxRescues: number
  workerId(): string
  /** Jobs were put back into line. */
  onRescued(): void
  /** Workers were found to be dead. */
  onLost(): void
}

/** Puts the jobs of dead workers back into line. Every worker watches all others. */
export class Rescue {
  readonly #parts: RescueParts
  readonly #duty: Duty
  #timer: Timer | undefined

  constructor(parts: RescueParts) {
    this.#parts = parts
    this.#duty = new Duty("rescue", parts.duties, () => this.#rescue())
  }

  start(): void {
    this.#duty.start()
  }

  async stop(): Promise<void> {
    await this.#duty.stop()
    this.#timer?.cancel()
  }

  /** Each heartbeat tells when the next worker would be dead, should it not beat again. */
  hear({ orphans, staleInMs }: Beat): void {
    this.#timer?.cancel()
    if (orphans) this.#duty.poke()
    else if (staleInMs !== null) this.#timer = this.#duty.pokeIn(staleInMs + 1)
  }

  async #rescue(): Promise<number> {
    const { connection, maxRescues, log, events, register } = this.#parts
    const workerId = this.#parts.workerId()
    if (workerId === "") return Number.POSITIVE_INFINITY
    const lost = await connection.use((store) => store.markLostWorkers())
    for (const { id, host, pid } of lost) {
      logEvent(log, "worker.lost", "a worker sent no heartbeat for too long; its jobs go to others", {
        duty: "rescue",
        lost: id,
        host,
        pid,
      })
    }
    if (lost.length > 0) this.#parts.onLost()
    const orphans = await connection.use((store) => store.takeOrphans(workerId))
    if (orphans.length === 0) {
      await connection.use((store) => store.limits.freeLeases())
      return Number.POSITIVE_INFINITY
    }
    // They carry this worker's id now; a heartbeat must not take them for claims whose reply was lost.
    for (const { token } of orphans) register.add(token)
    let rescued: readonly RescuedJob[]
    try {
      rescued = await connection.use((store) => store.rescueClaims(workerId, orphans, maxRescues))
    } finally {
      for (const { token } of orphans) register.remove(token)
    }
    for (const job of rescued) events.emit("rescued", job)
    logEvent(log, "jobs.rescued", "jobs of a dead worker were rescued", { duty: "rescue", jobs: rescued.length })
    this.#parts.onRescued()
    return 0
  }
}
