import type { PostgresJsStatements } from "./postgres-js-client.js"
import type { ColumnNames, PostgresJsColumn } from "./postgres-js-statement.js"

/** For an instance without `transform.column`. */
export const namesAsTheyAre: ColumnNames = async (_sql, columns) => columns.map(({ name }) => name)

/**
 * Finds the names behind `transform.column.from`, such as `postgres.camel`: they are among the words of the statement,
 * so the word that the transform turns into the column's name is the one. A name that no word gives stays as it is.
 */
export function namesBefore(transform: (name: string) => string): ColumnNames {
  return async (sql, columns) => originals(columns, words(sql), (word) => transform(word))
}

/**
 * The same where the transform is out of reach, in a transaction of the caller: the server sends the words as names of
 * columns, and they come back transformed. That costs a statement more, once for each text, if names were changed at all.
 */
export function namesAskedFrom(client: PostgresJsStatements): ColumnNames {
  return async (sql, columns) => {
    const known = words(sql)
    if (columns.every(({ name }) => known.includes(name))) return columns.map(({ name }) => name)
    const list = known.map((word) => `null as "${word.replaceAll('"', '""')}"`).join(", ")
    const result = await client.unsafe(`select ${list}`, [], { prepare: false }).raw()
    const transformed = (result as { columns: readonly PostgresJsColumn[] }).columns.map(({ name }) => name)
    return originals(columns, known, (_word, index) => transformed[index])
  }
}

function originals(
  columns: readonly PostgresJsColumn[],
  known: readonly string[],
  transformed: (word: string, index: number) => string | undefined,
): readonly string[] {
  const wordOf = new Map(known.map((word, index) => [transformed(word, index), word]))
  return columns.map(({ name }) => wordOf.get(name) ?? name)
}

function words(sql: string): readonly string[] {
  return [...new Set(sql.match(/[a-z_][a-z0-9_]*/g))]
}
