import { PgQueuerError } from "../domain/errors.js"
import type { Driver } from "../ports/driver.js"

/**
 * A driver on the transaction that the caller has opened on a client of his own.
 *
 * @throws PgQueuerError `PGQ_UNSUPPORTED` where the driver cannot join one
 */
export function joinTransaction(driver: Driver, client: unknown): Driver {
  if (driver.joinTransaction !== undefined) return driver.joinTransaction(client)
  throw new PgQueuerError("PGQ_UNSUPPORTED", `${driver.label} cannot join a transaction of its client`, {
    remedy: "Make a driver on the transaction itself, or use another driver.",
  })
}
