import type { RecentGroup } from "../../ports/recent-store.js"
import { time } from "../job-text.js"
import { clockText, countText, depthText, rateText } from "./figure-text.js"
import type { Figures } from "./figures.js"
import type { DashboardReader } from "./reader.js"
import { makeTable, type TableFormat } from "./table.js"
import { plainText } from "./text.js"
import { chooseRows } from "./view.js"
import { recentView } from "./views/recent.js"

export type OutputFormat = TableFormat | "json"

/** One reading for a pipe or a file: the figures in a line and the table of what is recent, or one line of JSON. No control codes. */
export async function readAsText(reader: DashboardReader, format: OutputFormat, tail: number): Promise<string> {
  const [figures, groups] = await Promise.all([reader.figures(), reader.recent()])
  const rows = chooseRows(recentView, groups, { filter: "", sorting: undefined, tail })
  if (format === "json") return `${JSON.stringify(asJson(figures, rows))}\n`
  const { head, rows: body, foot } = makeTable(recentView.columns, rows, { format })
  return `${[sentence(figures), "", ...[...head, ...body, ...foot].map(plainText)].join("\n")}\n`
}

function sentence({ readAt, endedPerSecond, depth, oldestWaitMs, workers }: Figures): string {
  return [
    time(readAt),
    `${rateText(endedPerSecond)} ended`,
    ...Object.entries(depth).map(([status, count]) => `${status} ${depthText(count)}`),
    `oldest wait ${clockText(oldestWaitMs) || "none"}`,
    `workers ${countText(workers.length)}`,
  ].join("  ")
}

function asJson(figures: Figures, rows: readonly RecentGroup[]): object {
  const { readAt, depth, oldestWaitMs, endedPerSecond, lastHour, lastMinute, entrypoints, workers } = figures
  return {
    at: readAt,
    endedPerSecond,
    depth,
    oldestWaitMs,
    lastHour,
    lastMinute: { run: lastMinute.run, wait: lastMinute.wait },
    entrypoints: entrypoints.map(({ limits, ...entrypoint }) => ({ ...entrypoint, paused: limits?.paused ?? false })),
    workers,
    recent: rows.map(({ hasEnded, ids, ...group }) => group),
  }
}
