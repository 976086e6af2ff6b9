import { PgQueuerError } from "../../domain/errors.js"
import type { Parameter, Row } from "../../ports/driver.js"
import { columnDecoder } from "./column-decoder.js"
import { parameterText } from "./parameter-text.js"
import type { PostgresJsQuery, PostgresJsStatements } from "./postgres-js-client.js"

export interface PostgresJsColumn {
  readonly name: string
  readonly type: number
}

/** The names that columns have in the statement, which postgres.js may have changed. */
export type ColumnNames = (sql: string, columns: readonly PostgresJsColumn[]) => Promise<readonly string[]>

/**
 * The rows of one statement, past everything that postgres.js can be set to: parameters go as text of unknown type, so
 * no serializer sees them, and values come back raw, so no parser or transform of values does.
 */
export async function runPostgresJs<R extends Row>(
  client: PostgresJsStatements,
  sql: string,
  parameters: readonly Parameter[],
  prepare: boolean,
  columnNames: ColumnNames,
): Promise<readonly R[]> {
  const result = (await preparePostgresJs(client, sql, parameters, prepare).raw()) as RawResult
  const { columns } = result
  if (columns === undefined || result.length === 0) return []
  const names = await columnNames(sql, columns)
  const decoders = columns.map(({ type }) => columnDecoder(type))
  return result.map((cells) => {
    if (!Array.isArray(cells) || cells.length !== columns.length) throw rowTransformed()
    const row: Record<string, unknown> = {}
    for (let index = 0; index < cells.length; index++) {
      const cell = cells[index] as Buffer | null
      row[names[index] as string] = cell === null ? null : decoders[index]?.(cell.toString())
    }
    return row as R
  })
}

/** A statement that is sent when it is awaited. */
export function preparePostgresJs(
  client: PostgresJsStatements,
  sql: string,
  parameters: readonly Parameter[],
  prepare: boolean,
): PostgresJsQuery {
  const typed = parameters.map((value) => client.typed(parameterText(value), unknownType))
  return client.unsafe(sql, typed as never[], { prepare })
}

/** A driver cannot undo a transform of whole rows, nor ask postgres.js to leave it out. */
export function rowTransformed(): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", "postgres.js is set to transform whole rows (transform.row)", {
    remedy: "Give PGQueuer an instance of postgres() without transform.row.",
  })
}

/**
 * The type `unknown`: PostgreSQL finds the type in the statement, as for a parameter without any, and postgres.js has no
 * serializer for it. Given no type it would write JSON text as a JSON string and hex as the bytes of its letters.
 */
const unknownType = 705

type RawResult = readonly (readonly (Buffer | null)[])[] & { readonly columns?: readonly PostgresJsColumn[] }
