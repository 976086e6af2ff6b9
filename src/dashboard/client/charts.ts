import type uPlotConstructor from "uplot"

declare const uPlot: typeof uPlotConstructor

interface ChartData {
  readonly unit: "count" | "ms" | "bytes"
  readonly kind: "bars" | "lines" | "area"
  readonly at: readonly number[]
  readonly series: readonly { readonly label: string; readonly colour: string; readonly values: (number | null)[] }[]
}

interface Drawn {
  readonly plot: uPlotConstructor
  /** What it was drawn from. */
  text: string
  readonly shape: string
}

const drawn = new Map<HTMLElement, Drawn>()

/** There are no half jobs. */
const wholeSteps = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()

const height = 168

drawAll()
document.addEventListener("pgq:shown", drawAll)
document.addEventListener("pgq:theme", redrawAll)
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll)
addEventListener("resize", () => {
  for (const [figure, { plot }] of drawn) plot.setSize({ width: widthOf(figure), height })
})

function redrawAll(): void {
  for (const { plot } of drawn.values()) plot.destroy()
  drawn.clear()
  drawAll()
}

function drawAll(): void {
  for (const [figure, { plot }] of drawn) {
    if (figure.isConnected) continue
    plot.destroy()
    drawn.delete(figure)
  }
  for (const figure of document.querySelectorAll<HTMLElement>("figure[data-chart]")) draw(figure)
}

/** New numbers for a chart that is there, a new chart otherwise. */
function draw(figure: HTMLElement): void {
  const text = figure.dataset["chart"]!
  const known = drawn.get(figure)
  if (known?.text === text) return
  const data: ChartData = JSON.parse(text)
  const isEmpty = data.series.every(({ values }) => values.every((value) => value === null || value === 0))
  figure.classList.toggle("no-data", isEmpty)
  const shape = `${data.kind} ${data.series.map(({ label }) => label).join()}`
  if (known?.shape === shape) {
    known.text = text
    known.plot.setData(dataOf(data))
    return
  }
  known?.plot.destroy()
  const target = figure.querySelector<HTMLElement>(".plot")!
  target.replaceChildren()
  drawn.set(figure, { plot: new uPlot(optionsOf(figure, data), dataOf(data), target), text, shape })
}

function dataOf({ at, series, kind }: ChartData): uPlotConstructor.AlignedData {
  if (kind !== "bars") return [[...at], ...series.map(({ values }) => values)]
  // On top of each other: each is drawn up to the sum of those before it and itself.
  const sums: number[][] = []
  for (const { values } of series) {
    const below = sums.at(-1)
    sums.push(values.map((value, index) => (value ?? 0) + (below?.[index] ?? 0)))
  }
  return [[...at], ...sums.reverse()]
}

function optionsOf(figure: HTMLElement, data: ChartData): uPlotConstructor.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const axis = {
    stroke: colour("muted"),
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { show: false },
    font: `11px ${style.getPropertyValue("--sans")}`,
  }
  // Numbers may come later: the chart is not drawn anew for them.
  const hasData = () => !figure.classList.contains("no-data")
  const drawnSeries = data.kind === "bars" ? [...data.series].reverse() : data.series
  return {
    width: widthOf(figure),
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: data.kind !== "bars", size: 6 }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, niceTop(high)] } },
    axes: [
      { ...axis, grid: { show: false }, space: 70, size: 26, values: timeValues },
      {
        ...axis,
        size: 52,
        space: 32,
        ...(data.unit === "count" ? { incrs: wholeSteps } : {}),
        values: (_plot, values) => (hasData() ? values.map((value) => unitText(value, data.unit)) : []),
      },
    ],
    series: [
      {},
      ...drawnSeries.map(({ label, colour: name }) => ({
        label,
        stroke: colour(name),
        width: data.kind === "bars" ? 0 : 1.5,
        points: pointsOf(data.kind, colour(name)),
        spanGaps: false,
        ...(data.kind === "lines" ? {} : { fill: data.kind === "bars" ? colour(name) : `${colour(name)}22` }),
        ...(data.kind === "bars" ? { paths: uPlot.paths.bars!({ size: [0.78, 24], gap: 0 }) } : {}),
      })),
    ],
    hooks: {
      setCursor: [(plot) => showValues(figure, plot.cursor.idx ?? null)],
      ready: [() => showValues(figure, null)],
    },
  }
}

/** A number that has none beside it is drawn as a point: a line would not show it. */
function pointsOf(kind: ChartData["kind"], fill: string): uPlotConstructor.Series.Points {
  if (kind === "bars") return { show: false }
  return {
    show: true,
    size: 4,
    width: 0,
    fill,
    filter: (plot, series) => {
      const values = plot.data[series]!
      const isThere = (index: number) => values[index] !== null && values[index] !== undefined
      return [...values.keys()].filter((index) => isThere(index) && !isThere(index - 1) && !isThere(index + 1))
    },
  }
}

/** The numbers under the pointer, beside the names of the series. */
function showValues(figure: HTMLElement, index: number | null): void {
  const data: ChartData = JSON.parse(figure.dataset["chart"]!)
  for (const { label, values } of data.series) {
    const value = index === null ? null : values[index]
    const target = figure.querySelector<HTMLElement>(`[data-series="${CSS.escape(label)}"]`)
    if (target !== null)
      target.textContent = value === null || value === undefined ? "" : ` ${unitText(value, data.unit)}`
  }
}

function niceTop(high: number | null): number {
  if (high === null || high <= 0) return 1
  const step = 10 ** Math.floor(Math.log10(high))
  for (const factor of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) if (step * factor >= high * 1.02) return step * factor
  return step * 12
}

function timeValues(_plot: uPlotConstructor, splits: number[]): string[] {
  const span = (splits.at(-1) ?? 0) - (splits[0] ?? 0)
  return splits.map((seconds) => {
    const at = new Date(seconds * 1_000)
    const time = at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    const day = at.toLocaleDateString(undefined, { month: "short", day: "numeric" })
    return span > 2 * 86_400 || (span > 40_000 && at.getHours() === 0 && at.getMinutes() === 0) ? day : time
  })
}

function unitText(value: number, unit: ChartData["unit"]): string {
  if (value === 0) return "0"
  if (unit === "ms") return lengthText(value)
  if (unit === "bytes") return scaled(value, ["B", "kB", "MB", "GB", "TB"])
  return scaled(value, ["", "k", "M", "G"])
}

function scaled(value: number, units: readonly string[]): string {
  let rest = value
  let unit = 0
  while (rest >= 1_000 && unit < units.length - 1) {
    rest /= 1_000
    unit++
  }
  const digits = rest >= 100 || Number.isInteger(rest) ? 0 : 1
  return `${rest.toFixed(digits)}${units[unit]!.length > 1 ? " " : ""}${units[unit]}`
}

function lengthText(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${trimmed(ms / 1_000)} s`
  return ms < 3_600_000 ? `${trimmed(ms / 60_000)} min` : `${trimmed(ms / 3_600_000)} h`
}

function trimmed(value: number): string {
  return value >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1)
}

function widthOf(figure: HTMLElement): number {
  return Math.max(200, figure.querySelector(".plot")!.clientWidth)
}
