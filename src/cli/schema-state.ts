import { PgQueuerError } from "../domain/errors.js"
import type { Verification } from "../queries.js"

/** @throws PgQueuerError `PGQ_SCHEMA_TOO_NEW` when the tables no longer serve this code */
export function refuseTooNew({ found, needed }: Verification): void {
  if (found === undefined || found.serves <= needed) return
  throw new PgQueuerError(
    "PGQ_SCHEMA_TOO_NEW",
    `the database has schema version ${found.version}, which serves code from version ${found.serves}; this code is version ${needed}`,
    { remedy: "Install a newer pgqueuer package." },
  )
}
