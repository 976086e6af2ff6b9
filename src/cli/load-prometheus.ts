import { PgQueuerError } from "../domain/errors.js"

/** @throws PgQueuerError `PGQ_MODULE_INVALID` when prom-client is not installed */
export async function loadPrometheus(): Promise<typeof import("../adapters/telemetry/prometheus.js")> {
  try {
    return await import("../adapters/telemetry/prometheus.js")
  } catch (cause) {
    throw new PgQueuerError("PGQ_MODULE_INVALID", "metrics need the package prom-client, which cannot be loaded", {
      remedy: "Install it: npm install prom-client@15",
      cause,
    })
  }
}
