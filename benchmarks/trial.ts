import type { Database } from "./database.ts"
import { Participant } from "./participant.ts"
import type { Server } from "./server.ts"
import type { System } from "./systems/system.ts"

export interface TrialParts {
  readonly server: Server
  readonly system: System
  readonly entry: URL
  readonly signal: AbortSignal
}

/** Gives one system a fresh database to itself with its tables installed, and ends its processes and the database after the work. */
export async function runTrial<T>(parts: TrialParts, work: (trial: Trial) => Promise<T>): Promise<T> {
  const trial = new Trial(parts, await parts.server.createDatabase())
  try {
    await trial.producer.do("install")
    return await work(trial)
  } finally {
    await trial.end()
  }
}

export class Trial {
  readonly system: System
  readonly database: Database
  /** A process that enqueues. */
  readonly producer: Participant
  readonly #parts: TrialParts
  readonly #participants: Participant[] = []

  constructor(parts: TrialParts, database: Database) {
    this.system = parts.system
    this.database = database
    this.#parts = parts
    this.producer = this.addParticipant()
  }

  /** Another process of the same system. */
  addParticipant(): Participant {
    const { system, entry, signal } = this.#parts
    const participant = new Participant({ system: system.name, url: this.database.url, entry, signal })
    this.#participants.push(participant)
    return participant
  }

  async end(): Promise<void> {
    await Promise.all(this.#participants.map((participant) => participant.leave()))
    await this.database.drop()
  }
}
