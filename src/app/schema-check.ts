import { PgQueuerError } from "../domain/errors.js"
import type { SchemaState, SchemaStore } from "../ports/schema-store.js"

/**
 * Refuses a database whose schema and this code don't fit.
 *
 * @throws PgQueuerError `PGQ_SCHEMA_MISSING`, `PGQ_SCHEMA_TOO_OLD` or `PGQ_SCHEMA_TOO_NEW`, naming both versions
 */
export async function checkSchema(store: SchemaStore): Promise<void> {
  refuseSchema(await store.readState(), store.codeVersion)
}

/** The same for a state that was read already. */
export function refuseSchema(state: SchemaState | undefined, codeVersion: number): void {
  if (state === undefined) throw schemaMissing()
  if (state.version < codeVersion) {
    throw new PgQueuerError(
      "PGQ_SCHEMA_TOO_OLD",
      `the database has schema version ${state.version}, this code needs version ${codeVersion}`,
      { remedy: "Run: pgq upgrade" },
    )
  }
  refuseTooNew(state, codeVersion)
}

/** @throws PgQueuerError `PGQ_SCHEMA_TOO_NEW` when the tables no longer serve this code */
export function refuseTooNew(state: SchemaState, codeVersion: number): void {
  if (state.serves > codeVersion) {
    throw new PgQueuerError(
      "PGQ_SCHEMA_TOO_NEW",
      `the database has schema version ${state.version}, which serves code from version ${state.serves}; this code is version ${codeVersion}`,
      { remedy: "Install a newer pgqueuer package." },
    )
  }
}

export function schemaMissing(cause?: unknown): PgQueuerError {
  return new PgQueuerError("PGQ_SCHEMA_MISSING", "the database has no PGQueuer tables under this schema and prefix", {
    remedy: "Run: pgq install   (or name the right --schema and --prefix)",
    cause,
  })
}
