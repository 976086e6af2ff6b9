import type { Status } from "../../domain/status.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type { RecentFailure, RecentGroup, RecentStore } from "../../ports/recent-store.js"
import type { Statements } from "./statement.js"

/** What happened lately, for dashboards. */
export class PostgresRecentStore implements RecentStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async listGroups(most: number): Promise<readonly RecentGroup[]> {
    const rows = await this.#statements.run<GroupRow>(this.#on, "list_recent_groups", [most])
    return rows.map(({ created_at, wait_ms, has_ended, ...row }) => ({
      ...row,
      createdAt: created_at,
      waitMs: wait_ms,
      hasEnded: has_ended,
    }))
  }

  async listFailures(most: number): Promise<readonly RecentFailure[]> {
    const rows = await this.#statements.run<FailureRow>(this.#on, "list_recent_failures", [most])
    return rows.map(({ job_id, failed_at, ended_as, ...row }) => ({
      ...row,
      jobId: job_id,
      failedAt: failed_at,
      endedAs: ended_as,
    }))
  }
}

interface GroupRow extends Row {
  readonly created_at: Date
  readonly entrypoint: string
  readonly priority: number
  readonly status: Status
  readonly count: number
  readonly wait_ms: number | null
  readonly ids: readonly string[]
  readonly has_ended: boolean
  readonly complete: boolean
}

interface FailureRow extends Row {
  readonly job_id: string
  readonly entrypoint: string
  readonly attempt: number
  readonly failed_at: Date
  readonly error: string
  readonly ended_as: Status | null
}
