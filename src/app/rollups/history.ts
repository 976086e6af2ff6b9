import { type Duration, toMilliseconds } from "../../domain/duration.js"
import { PgQueuerError } from "../../domain/errors.js"
import { emptyHistogram, type Spread, spreadOf } from "../../domain/histogram.js"
import { checkEntrypoint } from "../../domain/names.js"
import { anyValue, checkOptions, oneOf } from "../../domain/options.js"
import {
  type EndCounts,
  type Rollup,
  type RollupSpan,
  type RollupStore,
  type SampleKind,
  sampleKinds,
} from "../../ports/rollup-store.js"

export interface HistoryOptions {
  /** How far back, `"1m"` to `"366d"`; default `"1h"`. Minutes are kept for a day, hours for a month, days for a year. */
  readonly last?: Duration
  /** The length of a step, whole minutes; default: the shortest of a list for which there are at most 120 steps. At most 2,000 steps. */
  readonly step?: Duration
  /** Only of this entrypoint; default: of all together. */
  readonly entrypoint?: string
}

export interface ActivityOptions {
  /** How far back, `"1m"` to `"366d"`; default `"1h"`. Over two hours the numbers are of whole hours, over three days of whole days (UTC). */
  readonly last?: Duration
  /** Only of these, 1,000 at most; default: of all. */
  readonly entrypoints?: readonly string[]
}

export interface StatisticsOptions {
  /** How far back, `"1m"` to `"366d"`; default `"1h"`. */
  readonly since?: Duration
}

export interface OutcomeCount {
  readonly entrypoint: string
  /** `failed`: held for a decision. */
  readonly status: keyof EndCounts
  readonly count: number
}

export interface SamplesOptions {
  readonly kind: SampleKind
  /** An entrypoint or a table, as the kind says; default: each. */
  readonly label?: string
  /** How far back, `"1m"` to `"366d"`; default `"1h"`. One sample a minute is kept for a day, one an hour for a month. */
  readonly last?: Duration
  /** As in `history`; the value of a step is the mean of its samples. */
  readonly step?: Duration
}

/** What happened in a step of time, or over all of it. */
export interface Activity {
  /** How many jobs ended how. A job that failed, was put back and ended again counts twice. */
  readonly ended: EndCounts
  /** Attempts that failed, after which the job is run again. */
  readonly retried: number
  /** Jobs that were taken from dead workers and run again. */
  readonly rescued: number
  /** How long attempts ran that ended here. */
  readonly run: Spread
  /** From when jobs could start to their first start. */
  readonly wait: Spread
}

export interface HistoryPoint extends Activity {
  /** When the step began, by the database's clock; a multiple of its length since 1970. The last one is not over. */
  readonly at: Date
}

export interface History {
  /** In milliseconds. */
  readonly step: number
  /** One for each step, the oldest first, also where nothing happened. */
  readonly points: readonly HistoryPoint[]
}

export interface EntrypointActivity extends Activity {
  readonly entrypoint: string
}

export interface SampleSeries {
  readonly label: string
  readonly points: readonly { readonly at: Date; readonly value: number }[]
}

const mostNamed = 1_000
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const longestMs = 366 * dayMs
const mostSteps = 2_000
const mostStepsByDefault = 120

/** The steps to choose from, in milliseconds. */
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1_440, 2_880, 7_200].map((minutes) => minutes * minuteMs)

export async function readHistory(store: RollupStore, options: HistoryOptions = {}): Promise<History> {
  checkOptions("history", options, { last: anyValue, step: anyValue, entrypoint: anyValue })
  if (options.entrypoint !== undefined) checkEntrypoint(options.entrypoint)
  const lastMs = parseLast(options.last)
  const stepMs = parseStep(options.step, lastMs)
  const { first, last, rollups } = await store.readRollups({
    ...{ entrypoint: options.entrypoint ?? "", lastMs, stepMs },
    span: spanFor(stepMs, lastMs),
  })
  const found = new Map(rollups.map((rollup) => [rollup.at.getTime(), rollup]))
  const points: HistoryPoint[] = []
  for (let at = first.getTime(); at <= last.getTime(); at += stepMs) {
    points.push({ at: new Date(at), ...activityOf(found.get(at)) })
  }
  return { step: stepMs, points }
}

export async function readActivity(
  store: RollupStore,
  options: ActivityOptions = {},
): Promise<readonly EntrypointActivity[]> {
  checkOptions("activity", options, { last: anyValue, entrypoints: aListOfEntrypoints })
  for (const entrypoint of options.entrypoints ?? []) checkEntrypoint(entrypoint)
  return readLast(store, parseLast(options.last), options.entrypoints)
}

export async function readStatistics(
  store: RollupStore,
  options: StatisticsOptions = {},
): Promise<readonly OutcomeCount[]> {
  checkOptions("statistics", options, { since: anyValue })
  const activity = await readLast(store, parseLast(options.since, "since"))
  return activity.flatMap(({ entrypoint, ended }) => {
    const statuses = (Object.keys(ended) as (keyof EndCounts)[]).sort()
    return statuses.flatMap((status) => (ended[status] === 0 ? [] : [{ entrypoint, status, count: ended[status] }]))
  })
}

export async function readSamples(store: RollupStore, options: SamplesOptions): Promise<readonly SampleSeries[]> {
  checkOptions("samples", options, { kind: oneOf(...sampleKinds), label: anyValue, last: anyValue, step: anyValue })
  const lastMs = parseLast(options.last)
  const stepMs = parseStep(options.step, lastMs)
  const points = await store.readSamples({ kind: options.kind, label: options.label ?? null, lastMs, stepMs })
  const series = new Map<string, { at: Date; value: number }[]>()
  for (const { label, at, value } of points) {
    const known = series.get(label)
    if (known === undefined) series.set(label, [{ at, value }])
    else known.push({ at, value })
  }
  return [...series].map(([label, own]) => ({ label, points: own }))
}

async function readLast(
  store: RollupStore,
  lastMs: number,
  entrypoints?: readonly string[],
): Promise<readonly EntrypointActivity[]> {
  const span = coarseSpan(lastMs)
  const only = entrypoints === undefined ? {} : { entrypoints }
  const { rollups } = await store.readRollups({ entrypoint: null, ...only, span, lastMs, stepMs: null })
  return rollups.map((rollup) => ({ entrypoint: rollup.entrypoint, ...activityOf(rollup) }))
}

/** As in `activity`, without how long anything ran and waited: much cheaper where there are thousands of entrypoints. */
export function readEnds(
  store: Pick<RollupStore, "readEnds">,
  last: Duration,
): ReturnType<Pick<RollupStore, "readEnds">["readEnds"]> {
  const lastMs = parseLast(last)
  return store.readEnds(coarseSpan(lastMs), lastMs)
}

function coarseSpan(lastMs: number): RollupSpan {
  if (lastMs <= 2 * hourMs) return "minute"
  return lastMs <= 3 * dayMs ? "hour" : "day"
}

/** The rows that are fine enough for a step, and are still kept at the far end. */
function spanFor(stepMs: number, lastMs: number): RollupSpan {
  if (stepMs % dayMs === 0 && lastMs > 30 * dayMs) return "day"
  if (stepMs % hourMs === 0 && lastMs > dayMs) return "hour"
  return "minute"
}

function activityOf(rollup: Rollup | undefined): Activity {
  const { ended = noEnds, retried = 0, rescued = 0, runs = emptyHistogram, waits = emptyHistogram } = rollup ?? {}
  return { ended, retried, rescued, run: spreadOf(runs), wait: spreadOf(waits) }
}

const noEnds: EndCounts = { successful: 0, exception: 0, failed: 0, canceled: 0, deleted: 0 }

function parseLast(last: unknown, option = "last"): number {
  const milliseconds = toMilliseconds(last ?? "1h", option)
  if (milliseconds >= minuteMs && milliseconds <= longestMs) return milliseconds
  throw outOfRange(`${option} is out of range: ${milliseconds} ms`, "Give a duration from a minute to 366 days.")
}

function parseStep(step: unknown, lastMs: number): number {
  const finest = finestKept(lastMs)
  if (step === undefined) {
    return steps.find((choice) => choice % finest === 0 && lastMs / choice <= mostStepsByDefault) ?? steps.at(-1)!
  }
  const milliseconds = toMilliseconds(step, "step")
  const isWhole = milliseconds >= minuteMs && milliseconds % minuteMs === 0
  if (!isWhole) throw outOfRange(`step is not a number of whole minutes: ${milliseconds} ms`, 'Give "1m", "5m", "1h" …')
  if (milliseconds % finest !== 0) {
    const kept = "Minutes are kept for a day, hours for thirty days: give whole hours or days for more than that."
    throw outOfRange(`step is finer than what is kept for so long: ${milliseconds} ms`, kept)
  }
  if (lastMs / milliseconds <= mostSteps) return milliseconds
  throw outOfRange(`there would be more than ${mostSteps} steps`, "Give a longer step, or a shorter time.")
}

/** The finest resolution that is still kept at the far end of a time. */
function finestKept(lastMs: number): number {
  if (lastMs > 30 * dayMs) return dayMs
  return lastMs > dayMs ? hourMs : minuteMs
}

function aListOfEntrypoints(value: unknown): string | undefined {
  return Array.isArray(value) && value.length <= mostNamed ? undefined : `must be a list of at most ${mostNamed} names`
}

function outOfRange(message: string, remedy: string): PgQueuerError {
  return new PgQueuerError("PGQ_OPTION_INVALID", message, { remedy })
}
