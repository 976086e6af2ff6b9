import { refuseTooNew as refuseState } from "../app/schema-check.js"
import type { Verification } from "../queries.js"

/** @throws PgQueuerError `PGQ_SCHEMA_TOO_NEW` when the tables no longer serve this code */
export function refuseTooNew({ found, needed }: Verification): void {
  if (found !== undefined) refuseState(found, needed)
}
