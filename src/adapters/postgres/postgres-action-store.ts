import type { Status } from "../../domain/status.js"
import type { Queryable } from "../../ports/driver.js"
import type { ActionStore, When } from "../../ports/job-store.js"
import type { Statements } from "./statement.js"

/** Acts on jobs by id. */
export class PostgresActionStore implements ActionStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async findStatuses(ids: readonly string[]): Promise<ReadonlyMap<string, Status | null>> {
    const rows = await this.#statements.run<{ id: string; status: Status | null }>(this.#on, "find_statuses", [ids])
    return new Map(rows.map((row) => [row.id, row.status]))
  }

  async endWaiting(
    ids: readonly string[],
    status: "canceled" | "deleted",
    replacements: readonly string[] = [],
  ): Promise<readonly string[]> {
    const parameters = [ids, status, this.#statements.endChannel, replacements]
    const rows = await this.#statements.run<{ id: string }>(this.#on, "end_waiting", parameters)
    return rows.map((row) => row.id)
  }

  async stopClaimed(ids: readonly string[]): Promise<readonly string[]> {
    const parameters = [ids, this.#statements.channel]
    const rows = await this.#statements.run<{ id: string }>(this.#on, "stop_claimed", parameters)
    return rows.map((row) => row.id)
  }

  async rescheduleWaiting(ids: readonly string[], executeAfter: When | null, priority: number | null) {
    const [delayMs, at] = executeAfter === null ? [null, null] : partsOf(executeAfter)
    const rows = await this.#statements.run<{ id: string; status: "queued" | "deferred" }>(
      this.#on,
      "reschedule_waiting",
      [ids, delayMs, at, priority, this.#statements.channel],
    )
    return new Map(rows.map((row) => [row.id, row.status]))
  }

  async requeueHeld(ids: readonly string[]): Promise<readonly string[]> {
    const parameters = [ids, this.#statements.channel]
    const rows = await this.#statements.run<{ id: string }>(this.#on, "requeue_held", parameters)
    return rows.map((row) => row.id)
  }
}

function partsOf(when: When): readonly [number | null, Date | null] {
  return "at" in when ? [null, when.at] : [when.delayMs, null]
}
