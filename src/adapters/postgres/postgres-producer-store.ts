import type { Queryable } from "../../ports/driver.js"
import type { NewJob, ProducerStore, UniqueProducerStore, Wake, WakeUp } from "../../ports/job-store.js"
import {
  type EnqueueRow,
  type EnqueueUniqueRow,
  enqueueParameters,
  enqueueUniqueParameters,
  readEnqueued,
  readUniqueEnqueued,
} from "./enqueue-statement.js"
import type { Statements } from "./statement.js"

/** Writes jobs. */
export class PostgresProducerStore implements ProducerStore, UniqueProducerStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async enqueue(jobs: readonly NewJob[], wake: Wake) {
    const parameters = enqueueParameters(jobs, wake, this.#statements.channel)
    const [row] = await this.#statements.run<EnqueueRow>(this.#on, "enqueue", parameters)
    return readEnqueued(row!, jobs)
  }

  async enqueueUnique(jobs: readonly NewJob[], ids: readonly string[], wake: Wake) {
    const parameters = enqueueUniqueParameters(jobs, ids, wake, this.#statements.channel)
    const [row] = await this.#statements.run<EnqueueUniqueRow>(this.#on, "enqueue_unique", parameters)
    return readUniqueEnqueued(row!, jobs)
  }

  async findKeyHolders(jobs: readonly NewJob[]): Promise<ReadonlyMap<number, string>> {
    const rows = await this.#statements.run<{ position: number; id: string }>(this.#on, "find_key_holders", [
      jobs.map((job) => job.entrypoint),
      jobs.map((job) => job.dedupeKey),
    ])
    return new Map(rows.map(({ position, id }) => [position, id]))
  }

  async notify(wakeUp: WakeUp): Promise<void> {
    await this.#statements.run(this.#on, "notify", [this.#statements.channel, JSON.stringify(wakeUp)])
  }
}
