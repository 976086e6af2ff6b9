import type { Queryable } from "../../ports/driver.js"
import type { NewJob, ProducerStore, Wake, WakeUp } from "../../ports/job-store.js"
import { type EnqueueRow, enqueueParameters, readEnqueued } from "./enqueue-statement.js"
import type { Statements } from "./statement.js"

/** Writes jobs. */
export class PostgresProducerStore implements ProducerStore {
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

  async notify(wakeUp: WakeUp): Promise<void> {
    await this.#statements.run(this.#on, "notify", [this.#statements.channel, JSON.stringify(wakeUp)])
  }
}
