import type { Activity as ReadActivity, SampleSeries } from "../../app/rollups/history.js"
import { emptyHistogram, spreadOf } from "../../domain/histogram.js"
import type { Depth } from "../../ports/rollup-store.js"
import type { Queries } from "../../queries.js"
import type { Activity, Depths, Ends, EntrypointFigures, Figures, Trend } from "./figures.js"

export interface Clocks {
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds that never go backwards. */
  monotonic(): number
}

/** How many jobs ended in each minute, by its beginning. */
type EndsByMinute = ReadonlyMap<number, number>

/** Reads how the queue stands, again and again. What it reads has the same cost whatever the backlog and the history. */
export class FiguresReader {
  readonly #queries: Queries
  readonly #clocks: Clocks
  #last: { readonly ends: EndsByMinute; readonly at: number } | undefined

  constructor(queries: Queries, clocks: Clocks) {
    this.#queries = queries
    this.#clocks = clocks
  }

  async read(): Promise<Figures> {
    const at = this.#clocks.monotonic()
    const [depth, history, activity, limits, workers, queued, oldest] = await Promise.all([
      this.#queries.depth(),
      this.#queries.history({ last: "1h", step: "1m" }),
      this.#queries.activity({ last: "1h" }),
      this.#queries.limits(),
      this.#queries.workers(),
      this.#queries.samples({ kind: "queued", label: "", last: "1h", step: "1m" }),
      this.#queries.samples({ kind: "oldest-wait", label: "", last: "1h", step: "1m" }),
    ])
    const minutes = history.points.map((point) => point.at.getTime())
    const ends: EndsByMinute = new Map(history.points.map((point) => [point.at.getTime(), endedOf(point)]))
    const endedPerSecond = rate(ends, at, this.#last)
    this.#last = { ends, at }
    const activities = new Map(activity.map((one) => [one.entrypoint, activityOf(one)]))
    const depths = new Map(
      depth.entrypoints.map(({ entrypoint, oldestWaitMs, ...places }) => [entrypoint, { places, oldestWaitMs }]),
    )
    const names = new Set([...depths.keys(), ...activities.keys(), ...limits.map(({ entrypoint }) => entrypoint)])
    const total = totalOf(depth)
    const oldestWaitMs = Math.max(-1, ...depth.entrypoints.map((one) => one.oldestWaitMs ?? -1))
    return {
      readAt: new Date(this.#clocks.now()),
      depth: total,
      oldestWaitMs: oldestWaitMs < 0 ? null : oldestWaitMs,
      endedPerSecond,
      lastHour: overall(history.points),
      lastMinute: history.points.at(-2) ?? { run: noTime, wait: noTime },
      trends: {
        // The last minute is not over: it would always fall.
        ended: minutes.slice(0, -1).map((minute) => ends.get(minute) ?? 0),
        queued: [...course(queued, minutes.slice(0, -1)), total.queued.count],
        oldestWaitMs: [...course(oldest, minutes.slice(0, -1)), Math.max(0, oldestWaitMs)],
      },
      entrypoints: [...names].map(
        (entrypoint): EntrypointFigures => ({
          entrypoint,
          depth: depths.get(entrypoint)?.places ?? noJobs,
          oldestWaitMs: depths.get(entrypoint)?.oldestWaitMs ?? null,
          lastHour: activities.get(entrypoint) ?? nothing,
          limits: limits.find((one) => one.entrypoint === entrypoint),
        }),
      ),
      workers,
    }
  }
}

const none = { count: 0, exact: true }
const noJobs: Depths = { queued: none, deferred: none, picked: none, failed: none }

const noTime = spreadOf(emptyHistogram)
const nothing: Activity = { ended: 0, errors: 0, retried: 0, run: noTime, wait: noTime }

/** Ends a second since the last reading; minutes that it knew count with what came to them since. */
function rate(
  ends: EndsByMinute,
  at: number,
  last: { readonly ends: EndsByMinute; readonly at: number } | undefined,
): number {
  if (last === undefined) return ([...ends.values()].at(-2) ?? 0) / 60
  const first = Math.min(...last.ends.keys())
  const more = [...ends].reduce(
    (sum, [minute, count]) => (minute < first ? sum : sum + Math.max(0, count - (last.ends.get(minute) ?? 0))),
    0,
  )
  return more / Math.max(0.001, (at - last.at) / 1_000)
}

function totalOf({ entrypoints, others }: Depth): Depths {
  const total = (place: keyof Depths) => ({
    count: entrypoints.reduce((sum, depth) => sum + depth[place].count, 0),
    exact: others === 0 && entrypoints.every((depth) => depth[place].exact),
  })
  return { queued: total("queued"), deferred: total("deferred"), picked: total("picked"), failed: total("failed") }
}

function course(series: readonly SampleSeries[], minutes: readonly number[]): Trend {
  const values = new Map(series.flatMap(({ points }) => points.map(({ at, value }) => [at.getTime(), value] as const)))
  return minutes.map((minute) => values.get(minute) ?? null)
}

function overall(points: readonly ReadActivity[]): Ends {
  const sum = (of: (point: ReadActivity) => number) => points.reduce((total, point) => total + of(point), 0)
  return { ended: sum(endedOf), errors: sum(errorsOf), retried: sum(({ retried }) => retried) }
}

function activityOf(activity: ReadActivity): Activity {
  const { retried, run, wait } = activity
  return { ended: endedOf(activity), errors: errorsOf(activity), retried, run, wait }
}

function endedOf({ ended }: ReadActivity): number {
  return Object.values(ended).reduce((sum, count) => sum + count, 0)
}

function errorsOf({ ended }: ReadActivity): number {
  return ended.exception + ended.failed
}
