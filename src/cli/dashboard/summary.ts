import { durationText } from "../../domain/duration-text.js"
import { clockText, countText, depthText, rateText, shareText } from "./figure-text.js"
import type { Figures, Trend } from "./figures.js"
import { sparkline } from "./sparkline.js"
import { filled, type Line, type Span } from "./text.js"
import { heldBy } from "./views/workers.js"

const labelWidth = 9
const valueWidth = 12
const wordsWidth = 44

/** The figures above the table, four lines: a label, a number, its course over the last hour, and what belongs to it. */
export function summaryLines(figures: Figures, width: number, unicode: boolean): readonly Line[] {
  const { depth, lastHour, oldestWaitMs, trends } = figures
  const chart = (trend: Trend) => ({ trend, unicode })
  const ended: Span[] = [
    { text: `${countText(lastHour.ended)} in the last hour, ` },
    { text: `${shareText(lastHour.errors, lastHour.ended)} errors`, style: lastHour.errors > 0 ? "bad" : "plain" },
  ]
  const others: Span[] = [
    { text: `picked ${depthText(depth.picked)}, deferred ${depthText(depth.deferred)}, ` },
    { text: `failed ${depthText(depth.failed)}`, style: depth.failed.count > 0 ? "bad" : "plain" },
  ]
  return [
    line("Ended", rateText(figures.endedPerSecond), ended, width, chart(trends.ended)),
    line("Queued", depthText(depth.queued), others, width, chart(trends.queued)),
    line("Oldest", clockText(oldestWaitMs) || "-", slowest(figures), width, chart(trends.oldestWaitMs)),
    line("Workers", countText(figures.workers.length), workers(figures), width),
  ]
}

interface Chart {
  readonly trend: Trend
  readonly unicode: boolean
}

/** Charts are all of one width, so that a minute stands under itself: what the words leave, or none where that is too little. */
function line(label: string, value: string, words: readonly Span[], width: number, chart?: Chart): Line {
  const chartWidth = Math.min(60, width - labelWidth - valueWidth - wordsWidth)
  const isDrawn = chart !== undefined && chartWidth >= 10
  return [
    { text: ` ${filled(label, labelWidth)}`, style: "dim" },
    { text: filled(value, valueWidth), style: "bold" },
    ...(isDrawn ? [{ text: `${sparkline(chart.trend, chartWidth, chart.unicode)}  `, style: "accent" as const }] : []),
    ...words,
  ]
}

function slowest({ lastMinute: { wait, run } }: Figures): Span[] {
  const part = (name: string, ms: number | null) => (ms === null ? [] : [`${name} p95 ${durationText(ms)}`])
  return [{ text: [...part("wait", wait.p95Ms), ...part("run", run.p95Ms)].join(", ") }]
}

function workers({ workers, depth }: Figures): Span[] {
  const silent = workers.filter(({ state }) => state !== "running").length
  const held = workers.reduce((sum, worker) => sum + heldBy(worker), 0)
  if (workers.length === 0) {
    return depth.queued.count > 0 ? [{ text: "no worker runs, and jobs wait", style: "warn" }] : []
  }
  return [
    { text: `they hold ${countText(held)} ${held === 1 ? "job" : "jobs"}` },
    ...(silent === 0 ? [] : [{ text: `, ${countText(silent)} silent`, style: "warn" as const }]),
  ]
}
