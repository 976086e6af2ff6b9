import { defaultPlacement } from "../../domain/names.js"

/** Schema and prefix as the environment names them (`PGQUEUER_SCHEMA`, `PGQUEUER_PREFIX`), for code that does not. */
export function placementFromEnvironment(): { schema: string; prefix: string } {
  return {
    schema: process.env["PGQUEUER_SCHEMA"] || defaultPlacement.schema,
    prefix: process.env["PGQUEUER_PREFIX"] || defaultPlacement.prefix,
  }
}
