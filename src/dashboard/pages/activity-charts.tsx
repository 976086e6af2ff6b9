import type { History } from "../../app/rollups/history.js"
import { durationText } from "../../domain/duration-text.js"
import { Chart, type ChartSeries, onOneAxis, type Span } from "../components/chart.js"
import { countText } from "../components/figures.js"

interface Points {
  readonly [kind: string]: readonly { readonly at: Date; readonly value: number }[]
}

export function ActivityCharts({ history, samples }: { readonly history: History; readonly samples: Points }) {
  const { points, step } = history
  const at = points.map((point) => point.at)
  const ended = points.reduce((sum, { ended }) => sum + ended.successful + ended.exception + ended.failed, 0)
  return (
    <div class="charts">
      <Chart
        id="throughput"
        title={`Ended, per ${stepText(step)}`}
        summary={`${countText(ended)} jobs ended`}
        unit="count"
        kind="bars"
        at={at}
        series={endSeries(history)}
      />
      <Depth samples={samples} span={{ from: at[0]!, to: at.at(-1)! }} />
      <Spread id="waits" title="Wait until the first start" history={history} what="wait" />
      <Spread id="runs" title="Run time" history={history} what="run" />
    </div>
  )
}

function endSeries({ points }: History): readonly ChartSeries[] {
  const failed = points.map(({ ended }) => ended.exception + ended.failed)
  const dropped = points.map(({ ended }) => ended.canceled + ended.deleted)
  return [
    { label: "successful", colour: "c-successful", values: points.map(({ ended }) => ended.successful) },
    { label: "failed", colour: "c-exception", values: failed },
    { label: "canceled, deleted", colour: "c-canceled", values: dropped },
  ]
}

function Depth({ samples, span }: { readonly samples: Points; readonly span: Span }) {
  const kinds = ["queued", "deferred", "picked", "failed"] as const
  const series = kinds.map((kind) => ({
    label: kind === "failed" ? "held" : kind,
    colour: `c-${kind}`,
    points: samples[kind] ?? [],
  }))
  const newest = (samples["queued"] ?? []).at(-1)?.value ?? 0
  return (
    <Chart
      id="depth"
      title="Unfinished jobs"
      summary={`${countText(newest)} jobs are queued`}
      unit="count"
      kind="lines"
      {...onOneAxis(series, span)}
    />
  )
}

interface SpreadProps {
  readonly id: string
  readonly title: string
  readonly history: History
  readonly what: "wait" | "run"
}

function Spread({ id, title, history: { points }, what }: SpreadProps) {
  const newest = points.findLast((point) => point[what].count > 0)?.[what]
  const summary = newest === undefined ? "nothing ran" : `95 % within ${durationText(newest.p95Ms!)}`
  const series = (["p50", "p95", "p99"] as const).map((label) => ({
    label,
    colour: `c-${label}`,
    values: points.map((point) => point[what][`${label}Ms`]),
  }))
  return (
    <Chart
      id={id}
      title={title}
      summary={summary}
      unit="ms"
      kind="lines"
      at={points.map(({ at }) => at)}
      series={series}
    />
  )
}

function stepText(stepMs: number): string {
  const minutes = stepMs / 60_000
  if (minutes === 1) return "minute"
  if (minutes < 60) return `${minutes} minutes`
  if (minutes === 60) return "hour"
  return minutes % 1_440 === 0 ? (minutes === 1_440 ? "day" : `${minutes / 1_440} days`) : `${minutes / 60} hours`
}
