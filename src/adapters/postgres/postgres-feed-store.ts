import type { EndStatus } from "../../domain/status.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type { DescribedEnd, FeedStore } from "../../ports/feed-store.js"
import type { Statements } from "./statement.js"

/** Describes what happens, for those who watch. */
export class PostgresFeedStore implements FeedStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async describeEnds(ids: readonly string[]): Promise<readonly DescribedEnd[]> {
    const rows = await this.#statements.run<EndRow>(this.#on, "describe_ends", [ids])
    return rows.map(({ run_ms, ...row }) => ({ ...row, runMs: run_ms }))
  }
}

interface EndRow extends Row {
  readonly id: string
  readonly entrypoint: string
  readonly status: EndStatus
  readonly attempt: number
  readonly run_ms: number | null
  readonly error: string | null
}
