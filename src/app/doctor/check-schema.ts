import { hasCode } from "../../domain/errors.js"
import type { Placement } from "../../domain/names.js"
import type { TableReading } from "../../ports/health-store.js"
import type { SchemaState } from "../../ports/schema-store.js"
import { refuseSchema } from "../schema-check.js"
import { type Finding, finding } from "./diagnosis.js"

/** Whether tables and code fit. */
export function checkVersions(state: SchemaState | undefined, codeVersion: number): readonly Finding[] {
  try {
    refuseSchema(state, codeVersion)
    return []
  } catch (error) {
    if (!hasCode(error, "PGQ_SCHEMA_MISSING", "PGQ_SCHEMA_TOO_OLD", "PGQ_SCHEMA_TOO_NEW")) throw error
    const command = commands[error.code as keyof typeof commands]
    return [finding("error", "schema", error.message, error.remedy, { command })]
  }
}

const commands = {
  PGQ_SCHEMA_MISSING: "pgq install",
  PGQ_SCHEMA_TOO_OLD: "pgq upgrade",
  PGQ_SCHEMA_TOO_NEW: "npm install pgqueuer@latest",
} as const

/** Whether all is there that the migrations made. */
export function checkObjects(
  missing: readonly string[],
  invalidIndexes: readonly string[],
  tables: readonly TableReading[],
  { schema }: Placement,
): readonly Finding[] {
  const gone = missing.map((name) =>
    finding("error", "missing-object", `${name} is missing`, restore, { command: "pgq install --dry-run" }),
  )
  const keyless = tables
    .filter(({ lostPrimaryKey }) => lostPrimaryKey)
    .map(({ name }) =>
      finding("error", "missing-object", `The table ${name} has lost its primary key`, restore, {
        command: "pgq install --dry-run",
      }),
    )
  const invalid = invalidIndexes.map((name) => {
    const message = `The index ${name} is invalid: building it was broken off, and no query uses it`
    const command = `reindex index concurrently ${schema}.${name};`
    return finding("error", "invalid-index", message, "Build it anew; workers go on meanwhile.", { command })
  })
  return [...gone, ...keyless, ...invalid]
}

const restore = "Make it again as the migrations do: the command prints their SQL. Or restore it from a backup."
