import type { Placement } from "../../domain/names.js"
import type { Queryable } from "../../ports/driver.js"
import type { Depth, DepthRequest, RollupAges, RollupUpkeepStore, Sample } from "../../ports/rollup-store.js"
import { PostgresRollupStore } from "./postgres-rollup-store.js"
import { expectedTables } from "./postgres-schema-store.js"
import type { Statements } from "./statement.js"

/** What workers do to keep the numbers by entrypoint and time. Each call is one statement and one transaction. */
export class PostgresRollupUpkeepStore implements RollupUpkeepStore {
  readonly #on: Queryable
  readonly #statements: Statements
  readonly #placement: Placement
  readonly #reading: PostgresRollupStore

  constructor(on: Queryable, statements: Statements, placement: Placement) {
    this.#on = on
    this.#statements = statements
    this.#placement = placement
    this.#reading = new PostgresRollupStore(on, statements)
  }

  readDepth(request: DepthRequest): Promise<Depth> {
    return this.#reading.readDepth(request)
  }

  async mergeRollups(
    turnMs: number,
    atMost: number,
    keep: boolean,
  ): Promise<{ readonly taken: boolean; readonly entries: number }> {
    const [row] = await this.#statements.run<{ taken: boolean; entries: number }>(this.#on, "merge_rollups", [
      turnMs,
      atMost,
      keep,
    ])
    return row!
  }

  async takeTurn(duty: string, milliseconds: number, keep: boolean): Promise<boolean> {
    const [row] = await this.#statements.run<{ taken: boolean }>(this.#on, "take_turn", [duty, milliseconds, keep])
    return row!.taken
  }

  async readTableSizes() {
    const { schema, prefix } = this.#placement
    const names = expectedTables.map((table) => prefix + table)
    const rows = await this.#statements.run<TableRow>(this.#on, "list_tables", [schema, names])
    return rows.map(({ name, table_bytes, index_bytes, dead_rows }) => ({
      table: name.slice(prefix.length),
      bytes: table_bytes + index_bytes,
      deadRows: dead_rows,
    }))
  }

  async writeSamples(samples: readonly Sample[]): Promise<void> {
    await this.#statements.run(this.#on, "write_samples", [
      samples.map((sample) => sample.kind),
      samples.map((sample) => sample.label),
      samples.map((sample) => sample.value),
    ])
  }

  async pruneRollups({ minuteMs, hourMs, dayMs }: RollupAges, atMost: number): Promise<void> {
    await this.#statements.run(this.#on, "prune_rollups", [minuteMs, hourMs, dayMs, atMost])
  }
}

type TableRow = {
  readonly name: string
  readonly table_bytes: number
  readonly index_bytes: number
  readonly dead_rows: number
}
