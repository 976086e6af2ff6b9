import type { Placement } from "../../domain/names.js"
import type { Queryable, Row } from "../../ports/driver.js"
import type {
  HandLimitReading,
  HealthStore,
  RightReading,
  ServerReading,
  SettingOverride,
  TableReading,
  TransactionReading,
  WaitingReading,
  WraparoundReading,
} from "../../ports/health-store.js"
import { expectedTables, tablesWithoutKey } from "./postgres-schema-store.js"
import { roleGrants } from "./sql.generated.js"
import type { Statements } from "./statement.js"

/** Reads the catalog, the statistics, and a little of our tables. */
export class PostgresHealthStore implements HealthStore {
  readonly #on: Queryable
  readonly #statements: Statements
  readonly #placement: Placement

  constructor(on: Queryable, statements: Statements, placement: Placement) {
    this.#on = on
    this.#statements = statements
    this.#placement = placement
  }

  async readServer(): Promise<ServerReading> {
    const [row] = await this.#statements.run<ServerRow>(this.#on, "read_server")
    return asServer(row!)
  }

  async listTransactions(): Promise<readonly TransactionReading[]> {
    const rows = await this.#statements.run<TransactionRow>(this.#on, "list_transactions")
    return rows.map(({ user_name, open_ms, idle_ms, ...row }) => ({
      ...row,
      user: user_name,
      openMs: open_ms,
      idleMs: idle_ms,
    }))
  }

  async listTables(): Promise<readonly TableReading[]> {
    const rows = await this.#statements.run<TableRow>(this.#on, "list_tables", this.#tables())
    return rows.map((row) => ({
      name: row.name.slice(this.#placement.prefix.length),
      unlogged: row.unlogged,
      lostPrimaryKey: !row.has_primary_key && !tablesWithoutKey.includes(row.name.slice(this.#placement.prefix.length)),
      options: row.options,
      comment: row.comment,
      tableBytes: row.table_bytes,
      indexBytes: row.index_bytes,
      liveRows: row.live_rows,
      deadRows: row.dead_rows,
      vacuumedAt: row.vacuumed_at,
      analyzedAt: row.analyzed_at,
      frozenAge: row.frozen_age,
    }))
  }

  async readWraparound(): Promise<WraparoundReading> {
    const [row] = await this.#statements.run<WraparoundRow>(this.#on, "read_wraparound")
    const { database, age, multixact_age, transactions_per_day } = row!
    return { database, age, multixactAge: multixact_age, transactionsPerDay: transactions_per_day }
  }

  async listInvalidIndexes(): Promise<readonly string[]> {
    const rows = await this.#statements.run<{ name: string }>(this.#on, "list_invalid_indexes", this.#tables())
    return rows.map(({ name }) => name)
  }

  async listRights(): Promise<readonly RightReading[]> {
    const { schema, prefix } = this.#placement
    const rows = await this.#statements.run<{ held: boolean | null }>(this.#on, "list_rights", [
      schema,
      roleGrants.map(([, , kind]) => kind!),
      roleGrants.map(([, , , object]) => `${prefix}${object}`),
      roleGrants.map(([, right]) => right!),
      roleGrants.map(([, , , , column]) => column ?? null),
    ])
    return roleGrants.flatMap(([role, right, kind, object, column], index) => {
      const held = rows[index]?.held
      if (held === null || held === undefined) return []
      const what =
        kind === "schema" ? `schema ${schema}` : `${kind === "table" ? "" : `${kind} `}${schema}.${prefix}${object}`
      const columns = column === null ? "" : ` (${column})`
      return [{ role: role!, right: `${right}${columns} on ${what}`, held }]
    })
  }

  async listWaiting(countAtMost: number): Promise<readonly WaitingReading[]> {
    const rows = await this.#statements.run<WaitingRow>(this.#on, "list_waiting", [countAtMost])
    return rows.map(({ overdue_ms, ...row }) => ({ ...row, overdueMs: overdue_ms }))
  }

  async listHandLimits(): Promise<readonly HandLimitReading[]> {
    const rows = await this.#statements.run<HandLimitRow>(this.#on, "list_hand_limits")
    return rows.map(({ entrypoint, kind, code, set_value, changed_at }) => ({
      entrypoint,
      limit: kind,
      code,
      set: set_value,
      changedAt: changed_at,
    }))
  }

  #tables(): [string, string[]] {
    return [this.#placement.schema, expectedTables.map((name) => `${this.#placement.prefix}${name}`)]
  }
}

interface ServerRow extends Row {
  readonly version: string
  readonly version_number: number
  readonly user_name: string
  readonly database: string
  readonly time: Date
  readonly read_only: boolean
  readonly sees_sessions: boolean
  readonly connections: number
  readonly most_connections: number
  readonly notification_queue: number
  readonly settings: string
  readonly overrides: string
}

interface TransactionRow extends Row, Omit<TransactionReading, "user" | "openMs" | "idleMs"> {
  readonly user_name: string | null
  readonly open_ms: number | null
  readonly idle_ms: number | null
}

interface TableRow extends Row {
  readonly name: string
  readonly unlogged: boolean
  readonly has_primary_key: boolean
  readonly options: readonly string[]
  readonly comment: string | null
  readonly table_bytes: number
  readonly index_bytes: number
  readonly live_rows: number
  readonly dead_rows: number
  readonly vacuumed_at: Date | null
  readonly analyzed_at: Date | null
  readonly frozen_age: number
}

interface WraparoundRow extends Row {
  readonly database: string
  readonly age: number
  readonly multixact_age: number
  readonly transactions_per_day: number | null
}

interface WaitingRow extends Row, Omit<WaitingReading, "overdueMs"> {
  readonly overdue_ms: number | null
}

interface HandLimitRow extends Row {
  readonly entrypoint: string
  readonly kind: HandLimitReading["limit"]
  readonly code: number | null
  readonly set_value: number | null
  readonly changed_at: Date
}

function asServer(row: ServerRow): ServerReading {
  return {
    version: row.version.split(" ", 1)[0]!,
    versionNumber: row.version_number,
    user: row.user_name,
    database: row.database,
    time: row.time,
    readOnly: row.read_only,
    seesSessions: row.sees_sessions,
    connections: row.connections,
    mostConnections: row.most_connections,
    notificationQueue: row.notification_queue,
    settings: JSON.parse(row.settings),
    overrides: JSON.parse(row.overrides) as readonly SettingOverride[],
  }
}
