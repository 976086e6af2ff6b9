import { HistogramBuilder } from "../../domain/histogram.js"
import type { Report } from "../../ports/worker-store.js"

/** What a batch of reports adds to the numbers, as JSON for `exchange`: one element an entrypoint, named as in `rollup_entry`. */
export function rollupOf(reports: readonly Report[]): string {
  const tallies = new Map<string, Tally>()
  for (const report of reports) {
    if (report.status === "queued") continue
    let tally = tallies.get(report.entrypoint)
    if (tally === undefined) {
      tally = { counts: {}, runs: new HistogramBuilder(), waits: new HistogramBuilder() }
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
  readonly runs: HistogramBuilder
  readonly waits: HistogramBuilder
}

function asRow([entrypoint, { counts, runs, waits }]: readonly [string, Tally]) {
  return { entrypoint, ...counts, ...columnsOf("run", runs), ...columnsOf("wait", waits) }
}

function columnsOf(name: "run" | "wait", builder: HistogramBuilder) {
  const { count, sum, buckets } = builder.histogram
  if (count === 0) return {}
  return {
    [`${name}_ms`]: sum,
    [`${name}_buckets`]: buckets.map(([bucket]) => bucket),
    [`${name}_counts`]: buckets.map(([, jobs]) => jobs),
  }
}
