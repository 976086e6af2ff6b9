import { guarded } from "../adapters/postgres/guarded.js"
import { PostgresRecentStore } from "../adapters/postgres/postgres-recent-store.js"
import { Statements } from "../adapters/postgres/statement.js"
import { schemaMissing } from "../app/schema-check.js"
import type { Placement } from "../domain/names.js"
import type { Driver } from "../ports/driver.js"
import type { RecentStore } from "../ports/recent-store.js"

/** What happened lately in a queue. */
export function openRecentStore(driver: Driver, placement: Placement): RecentStore {
  return new PostgresRecentStore(guarded(driver, schemaMissing), new Statements(placement))
}
