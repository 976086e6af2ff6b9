import { type Logger, logEvent } from "../../ports/logger.js"
import type { RescuedRun } from "../../ports/schedule-store.js"

/** So many are named in a line of the log. */
const mostNamed = 20

export function logRescuedRuns(log: Logger, duty: string, runs: readonly RescuedRun[]): void {
  if (runs.length === 0) return
  const named = runs.slice(0, mostNamed).map(({ name, tick, attempt, again }) => ({ name, tick, attempt, again }))
  logEvent(log, "schedules.rescued", "runs of schedules of a dead worker were rescued", {
    duty,
    count: runs.length,
    runs: named,
  })
}
