import { bucketOf } from "../../domain/histogram.js"
import type { Report } from "../../ports/worker-store.js"

/** What a batch of reports adds to the numbers, as JSON for `exchange`: one element an entrypoint, named as in `rollup_entry`. */
export function rollupOf(reports: readonly Report[]): string {
  const tallies = new Map<string, Tally>()
  for (const report of reports) {
    if (report.status === "queued") continue
    let tally = tallies.get(report.entrypoint)
    if (tally === undefined) {
      tally = { counts: {}, runs: new Times(), waits: new Times() }
      tallies.set(report.entrypoint, tally)
    }
    const column = report.status === "deferred" ? "retried" : report.status
    tally.counts[column] = (tally.counts[column] ?? 0) + 1
    if (report.runMs !== null) tally.runs.add(report.runMs)
    if (report.waitMs != null) tally.waits.add(report.waitMs)
  }
  return JSON.stringify([...tallies].map(asRow))
}

interface Tally {
  readonly counts: Record<string, number>
  readonly runs: Times
  readonly waits: Times
}

class Times {
  sumMs = 0
  readonly counts = new Map<number, number>()

  add(milliseconds: number): void {
    const bucket = bucketOf(milliseconds)
    this.sumMs += milliseconds
    this.counts.set(bucket, (this.counts.get(bucket) ?? 0) + 1)
  }
}

function asRow([entrypoint, { counts, runs, waits }]: readonly [string, Tally]) {
  return {
    entrypoint,
    ...counts,
    ...(runs.counts.size === 0
      ? {}
      : { run_ms: runs.sumMs, run_buckets: [...runs.counts.keys()], run_counts: [...runs.counts.values()] }),
    ...(waits.counts.size === 0
      ? {}
      : { wait_ms: waits.sumMs, wait_buckets: [...waits.counts.keys()], wait_counts: [...waits.counts.values()] }),
  }
}
