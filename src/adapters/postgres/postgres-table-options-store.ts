import type { Placement } from "../../domain/names.js"
import type { Queryable } from "../../ports/driver.js"
import type { TableReading } from "../../ports/health-store.js"
import type { ChangeableTables, TableOptionsStore } from "../../ports/table-options-store.js"
import { PostgresHealthStore } from "./postgres-health-store.js"
import { qualified, type Statements } from "./statement.js"

/** Options and comments of our tables. A lock that is not to be had within 5 seconds fails the whole change. */
export class PostgresTableOptionsStore implements TableOptionsStore {
  readonly #transaction: <T>(work: (transaction: Queryable) => Promise<T>) => Promise<T>
  readonly #statements: Statements
  readonly #placement: Placement

  constructor(
    transaction: <T>(work: (transaction: Queryable) => Promise<T>) => Promise<T>,
    statements: Statements,
    placement: Placement,
  ) {
    this.#transaction = transaction
    this.#statements = statements
    this.#placement = placement
  }

  change<T>(work: (tables: ChangeableTables) => Promise<T>): Promise<T> {
    return this.#transaction(async (transaction) => {
      const { schema, prefix } = this.#placement
      await transaction.query("select set_config('lock_timeout', '5s', true)")
      await transaction.query("select pg_advisory_xact_lock(hashtextextended($1::text, 0))", [
        `pgqueuer tune ${schema}.${prefix}`,
      ])
      return work(new OpenTables(transaction, this.#statements, this.#placement))
    })
  }
}

class OpenTables implements ChangeableTables {
  readonly #on: Queryable
  readonly #statements: Statements
  readonly #placement: Placement

  constructor(on: Queryable, statements: Statements, placement: Placement) {
    this.#on = on
    this.#statements = statements
    this.#placement = placement
  }

  list(): Promise<readonly TableReading[]> {
    return new PostgresHealthStore(this.#on, this.#statements, this.#placement).listTables()
  }

  async setOptions(table: string, options: Readonly<Record<string, string>>): Promise<void> {
    await this.#alter(
      table,
      "set",
      Object.entries(options).map(([name, value]) => assignment(name, value)),
    )
  }

  async replaceOptions(table: string, present: readonly string[], options: readonly string[]): Promise<void> {
    await this.#alter(
      table,
      "reset",
      present.map((option) => split(option)[0]),
    )
    await this.#alter(
      table,
      "set",
      options.map((option) => assignment(...split(option))),
    )
  }

  async setComment(table: string, comment: string | null): Promise<void> {
    const text = comment === null ? "null" : literal(comment)
    await this.#on.query(`comment on table ${qualified(this.#placement, table)} is ${text}`)
  }

  async #alter(table: string, verb: "set" | "reset", items: readonly string[]): Promise<void> {
    if (items.length === 0) return
    await this.#on.query(`alter table ${qualified(this.#placement, table)} ${verb} (${items.join(", ")})`)
  }
}

function split(option: string): [name: string, value: string] {
  const at = option.indexOf("=")
  return [option.slice(0, at), option.slice(at + 1)]
}

function assignment(name: string, value: string): string {
  return `${name} = ${literal(value)}`
}

/** Also right where `standard_conforming_strings` is off. */
function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
}
