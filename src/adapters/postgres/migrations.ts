import type { Placement } from "../../domain/names.js"
import { migrationFiles } from "./sql.generated.js"
import { render } from "./statement.js"

/** One step of the schema; `statements` are sent one by one, all steps of an upgrade in one transaction. */
export interface Migration {
  readonly version: number
  readonly name: string
  /** The oldest schema version that code may have been written for and still work on this one. */
  readonly serves: number
  readonly statements: readonly string[]
}

/** The schema version that this code is written for. */
export const codeVersion = Object.keys(migrationFiles).length

/** `serves` of a step that old code cannot live with; every other step serves what the one before it served. */
const breaking: Readonly<Record<number, number>> = { 1: 1, 2: 2 }

export function migrationsFor(placement: Placement): readonly Migration[] {
  let serves = 1
  return Object.entries(migrationFiles).map(([name, sql], index) => {
    const version = index + 1
    serves = breaking[version] ?? serves
    return { version, name, serves, statements: splitStatements(render(sql, placement)) }
  })
}

/** A statement ends with a semicolon before an empty line, or at the end. */
function splitStatements(sql: string): string[] {
  return sql
    .split(/;(?=\n\n|\n?$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "")
}
