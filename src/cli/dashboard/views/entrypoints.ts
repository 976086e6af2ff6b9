import type { Count } from "../../../ports/rollup-store.js"
import { milliseconds } from "../../job-text.js"
import { clockText, countText, depthText, shareText } from "../figure-text.js"
import type { EntrypointFigures } from "../figures.js"
import type { TableColumn } from "../table.js"
import type { View } from "../view.js"

export const entrypointsView: View<EntrypointFigures> = {
  name: "entrypoints",
  empty: "No entrypoint has jobs, settings or a worker.",
  read: async (_reader, figures) => (await figures).entrypoints,
  id: ({ entrypoint }) => entrypoint,
  columns: [
    { head: "Entrypoint", flexible: true, value: (row) => row.entrypoint },
    depth("Queued", undefined, (row) => row.depth.queued),
    depth("Deferred", 5, (row) => row.depth.deferred),
    depth("Picked", 6, (row) => row.depth.picked),
    depth("Failed", 3, (row) => row.depth.failed),
    {
      head: "Oldest",
      align: "right",
      goes: 2,
      value: (row) => clockText(row.oldestWaitMs),
      sortBy: (row) => row.oldestWaitMs ?? -1,
    },
    {
      head: "Ended 1h",
      align: "right",
      goes: 4,
      value: (row) => countText(row.lastHour.ended),
      sortBy: (row) => row.lastHour.ended,
    },
    {
      head: "Errors",
      align: "right",
      goes: 1,
      value: ({ lastHour }) => shareText(lastHour.errors, lastHour.ended),
      style: ({ lastHour }) => (lastHour.errors > 0 ? "bad" : "plain"),
      sortBy: ({ lastHour }) => (lastHour.ended === 0 ? -1 : lastHour.errors / lastHour.ended),
    },
    time("Wait p95", 7, (row) => row.lastHour.wait.p95Ms),
    time("Run p95", 7, (row) => row.lastHour.run.p95Ms),
    {
      head: "Workers",
      align: "right",
      goes: 8,
      value: (row) => String(row.limits?.workers ?? 0),
      sortBy: (row) => row.limits?.workers ?? 0,
    },
    { head: "Limits", goes: 9, value: limitsText },
    { head: "State", goes: 1, value: stateText, style: (row) => (stateText(row) === "" ? "plain" : "warn") },
  ],
}

function depth(
  head: string,
  goes: number | undefined,
  of: (row: EntrypointFigures) => Count,
): TableColumn<EntrypointFigures> {
  return {
    head,
    align: "right",
    ...(goes === undefined ? {} : { goes }),
    value: (row) => depthText(of(row)),
    sortBy: (row) => of(row).count,
  }
}

function time(
  head: string,
  goes: number,
  of: (row: EntrypointFigures) => number | null,
): TableColumn<EntrypointFigures> {
  return { head, align: "right", goes, value: (row) => milliseconds(of(row)), sortBy: (row) => of(row) ?? -1 }
}

function limitsText({ limits }: EntrypointFigures): string {
  const concurrency = limits?.concurrencyLimit.effective ?? null
  const rate = limits?.requestsPerSecond.effective ?? null
  return [...(concurrency === null ? [] : [`${concurrency} at once`]), ...(rate === null ? [] : [`${rate}/s`])].join(
    ", ",
  )
}

function stateText({ limits, depth }: EntrypointFigures): string {
  if (limits?.paused === true) return "paused"
  return depth.queued.count > 0 && (limits?.workers ?? 0) === 0 ? "no worker" : ""
}
