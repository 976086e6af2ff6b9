/** One line or area of a chart. */
export interface ChartSeries {
  readonly label: string
  /** A colour of the styles, `--c-…`. */
  readonly colour: string
  readonly values: readonly (number | null)[]
}

export interface ChartProps {
  readonly id: string
  readonly title: string
  /** In words, for those who do not see it. */
  readonly summary: string
  /** What the numbers are: counts as they are, times in ms. */
  readonly unit: "count" | "ms" | "bytes"
  /** `bars`: on top of each other. */
  readonly kind: "bars" | "lines" | "area"
  readonly at: readonly Date[]
  readonly series: readonly ChartSeries[]
}

/** A chart, drawn by the script from what is written here. Needs `scripts: ["charts"]` of its page. */
export function Chart({ id, title, summary, unit, kind, at, series }: ChartProps) {
  const points = {
    unit,
    kind,
    at: at.map((time) => time.getTime() / 1_000),
    series: series.map(({ label, colour, values }) => ({ label, colour, values: values.map(rounded) })),
  }
  return (
    <figure class="chart" id={id} data-chart={JSON.stringify(points)}>
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="legend" aria-hidden="true">
          {series.map(({ label, colour }) => (
            <span class={`key ${colour}`}>
              {label}
              <span class="key-value" data-series={label} />
            </span>
          ))}
        </span>
      </figcaption>
      <div class="plot" role="img" aria-label={`${title}: ${summary}`} />
    </figure>
  )
}

/** From when to when a chart reaches, whatever was measured. */
export interface Span {
  readonly from: Date
  readonly to: Date
}

/** Series that were measured at times of their own, on one axis: null where one was not measured. Without any, there is no axis. */
export function onOneAxis(
  series: readonly (Omit<ChartSeries, "values"> & {
    readonly points: readonly { readonly at: Date; readonly value: number }[]
  })[],
  { from, to }: Span,
): Pick<ChartProps, "at" | "series"> {
  const all = series.flatMap(({ points }) => points.map(({ at }) => at.getTime()))
  const [least, most] = [Math.min(...all), Math.max(...all)]
  // Beyond what was measured only: between two measurements they would be a gap.
  const ends = all.length === 0 ? [] : [from.getTime(), to.getTime()].filter((at) => at < least || at > most)
  const times = [...new Set([...all, ...ends])].sort((a, b) => a - b)
  return {
    at: times.map((time) => new Date(time)),
    series: series.map(({ label, colour, points }) => {
      const values = new Map(points.map(({ at, value }) => [at.getTime(), value]))
      return { label, colour, values: times.map((time) => values.get(time) ?? null) }
    }),
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100
}
