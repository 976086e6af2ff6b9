import type { AuditStore } from "../ports/audit-store.js"
import type { Clock } from "../ports/clock.js"
import type { JobPageStore } from "../ports/job-page-store.js"
import type { Logger } from "../ports/logger.js"
import type { RecentStore } from "../ports/recent-store.js"
import type { RollupStore } from "../ports/rollup-store.js"
import type { Queries } from "../queries.js"
import type { BulkRuns } from "./bulk/bulk-runs.js"
import type { LiveHub } from "./live/live-hub.js"
import type { Readings } from "./readings/readings.js"
import type { Redactor } from "./redactor.js"

/** What all requests to one dashboard share. */
export interface Site {
  readonly title: string
  /** Without a slash at its end; empty for none. */
  readonly basePath: string
  readonly write: boolean
  /** Where the tables are, to be shown. */
  readonly placement: string
  /** Whether people log in on a page of ours, and can log out. */
  readonly hasLogin: boolean
  readonly queries: Queries
  /** What several viewers look at is read once for all of them. */
  readonly readings: Readings
  readonly redactor: Redactor
  readonly audit: AuditStore
  readonly jobPages: JobPageStore
  readonly rollups: Pick<RollupStore, "readDepth" | "readEnds" | "listEnded">
  readonly recent: RecentStore
  /** Names a kind of error in addresses. */
  readonly errorKey: (pattern: string) => string
  readonly live: LiveHub
  readonly bulk: BulkRuns
  readonly clock: Clock
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly logger: Logger
}

/** A link within the dashboard; parameters that are undefined or empty are left out. */
export function href(
  site: Pick<Site, "basePath">,
  path: string,
  parameters: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") query.set(name, String(value))
  }
  const text = query.toString()
  return `${site.basePath}${path}${text === "" ? "" : `?${text}`}`
}
