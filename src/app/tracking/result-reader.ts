import { PgQueuerError } from "../../domain/errors.js"
import type { Clock } from "../../ports/clock.js"
import type { JobEnd, WatchStore } from "../../ports/watch-store.js"
import { unknownJob } from "./end-wait.js"

/** A result may have a megabyte: not too many of them in one reply. */
const mostAtOnce = 100

interface Reader {
  readonly resolve: (end: JobEnd) => void
  readonly reject: (error: unknown) => void
}

/** Reads the results of jobs that have ended: those that are asked for in the same turn in one statement. */
export class ResultReader {
  readonly #clock: Clock
  readonly #store: WatchStore
  readonly #readers = new Map<string, Reader[]>()
  #reading = false

  constructor(clock: Clock, store: WatchStore) {
    this.#clock = clock
    this.#store = store
  }

  /** @throws PgQueuerError `PGQ_JOB_NOT_SUCCESSFUL` with the status and the error, `PGQ_JOB_UNKNOWN` */
  async read(id: string): Promise<unknown> {
    const end = await new Promise<JobEnd>((resolve, reject) => {
      this.#readers.set(id, [...(this.#readers.get(id) ?? []), { resolve, reject }])
      if (!this.#reading) void this.#readAll()
    })
    if (end.status !== "successful") throw notSuccessful(id, end)
    return end.result === null ? undefined : JSON.parse(end.result)
  }

  async #readAll(): Promise<void> {
    this.#reading = true
    await this.#clock.turn()
    while (this.#readers.size > 0) {
      const batch = [...this.#readers].slice(0, mostAtOnce)
      for (const [id] of batch) this.#readers.delete(id)
      await this.#readBatch(batch)
    }
    this.#reading = false
  }

  async #readBatch(batch: readonly (readonly [string, readonly Reader[]])[]): Promise<void> {
    try {
      const ends = await this.#store.findResults(batch.map(([id]) => id))
      for (const [id, readers] of batch) {
        const end = ends.get(id)
        for (const { resolve, reject } of readers) end === undefined ? reject(unknownJob(id)) : resolve(end)
      }
    } catch (error) {
      for (const [, readers] of batch) for (const { reject } of readers) reject(error)
    }
  }
}

function notSuccessful(id: string, { status, error }: JobEnd): PgQueuerError {
  const why = error === null ? "" : `: ${error}`
  return new PgQueuerError("PGQ_JOB_NOT_SUCCESSFUL", `job ${id} has no result, it ended as ${status}${why}`, {
    remedy: `Look at its attempts: queries.failures("${id}"), or pgq job ${id}.`,
  })
}
