import type { Queryable } from "../../ports/driver.js"
import type { NewJob, ProducerStore, Wake, WakeUp } from "../../ports/job-store.js"
import type { Statements } from "./statement.js"

/** More names than this in one notification would come near its 8,000 bytes; it then speaks of all. */
const mostNamesInWakeUp = 16

/** Writes jobs. */
export class PostgresProducerStore implements ProducerStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async enqueue(jobs: readonly NewJob[], wake: Wake) {
    const entrypoints = namesForWakeUp(jobs)
    const [row] = await this.#statements.run<{ ids: string; seq: string | null; due: number | null }>(
      this.#on,
      "enqueue",
      [
        jobs.map((job) => job.entrypoint),
        sparse(jobs, (job) => (job.priority === 0 ? null : job.priority)),
        sparse(jobs, (job) => job.payload.json),
        sparse(jobs, (job) => job.payload.bytes),
        sparse(jobs, (job) => job.headers),
        sparse(jobs, (job) =>
          job.executeAfter !== null && "delayMs" in job.executeAfter ? job.executeAfter.delayMs : null,
        ),
        sparse(jobs, (job) => (job.executeAfter !== null && "at" in job.executeAfter ? job.executeAfter.at : null)),
        wake === "none" ? null : this.#statements.channel,
        wake === "exact" && entrypoints !== undefined ? JSON.stringify(entrypoints) : null,
      ],
    )
    const { ids, seq, due } = row!
    return { ids: ids.split(","), wakeUp: entrypoints === undefined ? {} : { entrypoints, seq, due } }
  }

  async notify(wakeUp: WakeUp): Promise<void> {
    await this.#statements.run(this.#on, "notify", [this.#statements.channel, JSON.stringify(wakeUp)])
  }
}

function namesForWakeUp(jobs: readonly NewJob[]): string[] | undefined {
  const names = new Set<string>()
  for (const job of jobs) {
    names.add(job.entrypoint)
    if (names.size > mostNamesInWakeUp) return undefined
  }
  return [...names]
}

/** One value a job, or nothing at all when no job has one: `unnest` fills up with null. */
function sparse<T>(jobs: readonly NewJob[], pick: (job: NewJob) => T | null): (T | null)[] {
  const values = jobs.map(pick)
  return values.every((value) => value === null) ? [] : values
}
