import type { AuditFilter, AuditRecord, AuditStore, NewAction } from "../../ports/audit-store.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type { Statements } from "./statement.js"

/** Keeps who did what. */
export class PostgresAuditStore implements AuditStore {
  readonly #on: Queryable
  readonly #statements: Statements

  constructor(on: Queryable, statements: Statements) {
    this.#on = on
    this.#statements = statements
  }

  async begin({ person, role, action, target }: NewAction): Promise<string> {
    const [row] = await this.#statements.run<{ id: string }>(this.#on, "begin_action", [person, role, action, target])
    return row!.id
  }

  async note(id: string, result: string): Promise<void> {
    await this.#statements.run(this.#on, "note_action", [id, result])
  }

  async end(id: string, done: boolean, result: string): Promise<void> {
    await this.#statements.run(this.#on, "end_action", [id, done, result])
  }

  async list({ after, limit, person, action }: AuditFilter): Promise<readonly AuditRecord[]> {
    const parameters = [after ?? null, limit, person ?? null, action ?? null]
    const rows = await this.#statements.run<AuditRow>(this.#on, "list_actions", parameters)
    return rows.map(({ finished_at, ...row }) => ({ ...row, finishedAt: finished_at }))
  }
}

interface AuditRow extends Row {
  readonly id: string
  readonly at: Date
  readonly person: string
  readonly role: string
  readonly action: string
  readonly target: string
  readonly done: boolean | null
  readonly result: string | null
  readonly finished_at: Date | null
}
