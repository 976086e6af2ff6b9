import type { Retention } from "../../domain/retention.js"
import type { Queryable } from "../../ports/driver.js"
import type { PruneReply, PruneStep, RetentionStore } from "../../ports/retention-store.js"
import type { Statements } from "./statement.js"

/** Removes the history of jobs, step by step, each a transaction of its own. */
export class PostgresRetentionStore implements RetentionStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async registerRetention(ages: ReadonlyMap<string, Partial<Retention> | null>): Promise<void> {
    const texts = [...ages.values()].map((age) => (age === null ? null : JSON.stringify(age)))
    await this.#statements.run(this.#on, "register_retention", [[...ages.keys()], texts])
  }

  async takeTurn(turnMs: number, keep: boolean): Promise<boolean> {
    const parameters = ["retention", turnMs, keep] as const
    const [row] = await this.#statements.run<{ taken: boolean }>(this.#on, "take_turn", parameters)
    return row!.taken
  }

  async prune(step: PruneStep): Promise<PruneReply> {
    const [row] = await this.#statements.run<{ counts: string | null; next: string | null }>(
      this.#on,
      "prune_history",
      [
        step.after,
        step.readAtMost,
        step.removeAtMost,
        Object.keys(step.ages),
        Object.values(step.ages),
        step.ownAges,
        step.entrypoints,
        step.dryRun,
      ],
    )
    return { counts: row!.counts === null ? [] : JSON.parse(row!.counts), next: row!.next }
  }

  async pruneRuns(ages: Retention, removeAtMost: number): Promise<number> {
    const { successful, exception } = ages
    const [row] = await this.#statements.run<{ readonly count: number }>(this.#on, "prune_runs", [
      ["successful", "enqueued", "skipped", "exception", "lost"],
      [successful, successful, successful, exception, exception],
      removeAtMost,
    ])
    return row!.count
  }

  async pruneAudit(ageMs: number, removeAtMost: number): Promise<number> {
    const parameters = [ageMs, removeAtMost] as const
    const [row] = await this.#statements.run<{ readonly count: number }>(this.#on, "prune_audit", parameters)
    return row!.count
  }
}
