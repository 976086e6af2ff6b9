import type { EndStatus } from "../../domain/status.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type { JobEnd, WatchStore } from "../../ports/watch-store.js"
import type { Statements } from "./statement.js"

/** Waits for ends of jobs. */
export class PostgresWatchStore implements WatchStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async startWatcher(): Promise<string> {
    const [row] = await this.#statements.run<{ id: string }>(this.#on, "start_watcher")
    return row!.id
  }

  async stopWatcher(watcherId: string): Promise<void> {
    await this.#statements.run(this.#on, "stop_watcher", [watcherId])
  }

  async findEnds(jobIds: readonly string[], watcherId: string | null, signal?: AbortSignal) {
    const rows = await this.#statements.run<EndRow>(
      this.#on,
      "find_ends",
      [jobIds, watcherId],
      signal === undefined ? undefined : { signal },
    )
    return new Map(rows.map((row) => [row.id, row.status]))
  }

  async findResults(jobIds: readonly string[]): Promise<ReadonlyMap<string, JobEnd>> {
    const rows = await this.#statements.run<ResultRow>(this.#on, "find_results", [jobIds])
    return new Map(rows.map(({ id, status, result, error }) => [id, { status, result, error }]))
  }

  async notify(payload: string): Promise<void> {
    await this.#statements.run(this.#on, "notify", [this.#statements.endChannel, payload])
  }
}

interface EndRow extends Row {
  readonly id: string
  readonly status: EndStatus | "unknown"
}

interface ResultRow extends Row, JobEnd {
  readonly id: string
}
