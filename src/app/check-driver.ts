import { PgQueuerError } from "../domain/errors.js"
import { show } from "../domain/options.js"
import type { Driver } from "../ports/driver.js"

/**
 * Refuses what is no driver: mostly the client itself, which a driver would wrap.
 *
 * @throws PgQueuerError `PGQ_OPTION_INVALID`
 */
export function checkDriver(where: string, driver: Driver): void {
  const given = Object(driver) as Partial<Record<keyof Driver, unknown>>
  const isDriver = ["query", "transaction", "session", "listen"].every((method) => {
    return typeof given[method as keyof Driver] === "function"
  })
  if (isDriver) return
  throw new PgQueuerError("PGQ_OPTION_INVALID", `${where} needs a driver, not ${nameOf(driver)}`, {
    remedy:
      "Wrap the client: new PgPoolDriver(pool) of pgqueuer/pg, new PostgresJsDriver(sql) of pgqueuer/postgres-js, …",
  })
}

function nameOf(value: unknown): string {
  const isInstance = typeof value === "object" && value !== null && !Array.isArray(value)
  const name = isInstance ? value.constructor?.name : undefined
  return name === undefined || name === "Object" || name === "" ? show(value) : `a ${name}`
}
