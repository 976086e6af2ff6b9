import { durationText } from "../../../domain/duration-text.js"
import type { EntrypointLimits, WorkerRecord } from "../../../ports/operation-store.js"
import type { Depth, EntrypointEnds } from "../../../ports/rollup-store.js"
import { entrypointPath } from "../../components/entrypoint-link.js"
import { countText } from "../../components/figures.js"
import type { Range } from "../range.js"

/** Something that a person should look at. */
export interface Concern {
  readonly level: "error" | "warning"
  readonly text: string
  /** Where to look, below the base path. */
  readonly link?: { readonly label: string; readonly path: string; readonly query?: Readonly<Record<string, string>> }
}

interface Facts {
  readonly depth: Depth
  readonly workers: readonly WorkerRecord[]
  readonly limits: readonly EntrypointLimits[]
  readonly ends: readonly EntrypointEnds[]
  readonly range: Range
}

const longWaitMs = 5 * 60_000
const fewestFailures = 5
const failureShare = 0.05
/** More of a kind are counted in one line. */
const mostOfAKind = 3

/** What needs attention, in words; the gravest first. */
export function concernsOf(facts: Facts): readonly Concern[] {
  return [
    ...unattended(facts),
    ...silent(facts),
    ...held(facts),
    ...failing(facts),
    ...waiting(facts),
    ...paused(facts),
    ...rescued(facts),
  ].sort((a, b) => Number(b.level === "error") - Number(a.level === "error"))
}

function unattended({ depth, workers }: Facts): Concern[] {
  const waiting = depth.entrypoints.filter(({ queued }) => queued.count > 0)
  if (waiting.length > 0 && !workers.some(isAlive)) {
    const count = waiting.reduce((sum, { queued }) => sum + queued.count, 0)
    return [{ level: "error", text: `No worker runs, and ${jobs(count)} wait. Start one: pgq run module:factory` }]
  }
  const known = new Set(workers.filter(isAlive).flatMap(({ entrypoints }) => entrypoints))
  return some(
    waiting.filter(({ entrypoint }) => !known.has(entrypoint)),
    ({ entrypoint, queued }) => ({
      level: "error",
      text: `No running worker has a handler for ${entrypoint}: ${jobs(queued.count)} wait.`,
      link: jobsOf(entrypoint, "queued"),
    }),
    (count) => `No running worker has a handler for ${countText(count)} more entrypoints with waiting jobs.`,
  )
}

function silent({ workers }: Facts): Concern[] {
  return some(
    workers.filter(({ state }) => state === "silent"),
    ({ id, host, silentMs }) => ({
      level: "error",
      text: `Worker ${id} on ${host} gave no sign of life for ${durationText(silentMs)}.`,
    }),
    (count) => `${countText(count)} more workers give no sign of life.`,
  )
}

function held({ depth }: Facts): Concern[] {
  const count = depth.entrypoints.reduce((sum, { failed }) => sum + failed.count, 0)
  if (count === 0) return []
  const text = `${jobs(count)} failed for good and ${count === 1 ? "waits" : "wait"} for a decision: requeue or delete.`
  return [{ level: "warning", text, link: { label: "Look", path: "/jobs", query: { status: "failed" } } }]
}

function failing({ ends, range }: Facts): Concern[] {
  const failed = ends.flatMap(({ entrypoint, ended }) => {
    const failures = ended.exception + ended.failed
    const share = failures / Math.max(1, failures + ended.successful)
    return failures >= fewestFailures && share >= failureShare ? [{ entrypoint, failures, share }] : []
  })
  return some(
    failed.sort((a, b) => b.failures - a.failures),
    ({ entrypoint, failures, share }) => ({
      level: "warning",
      text: `${entrypoint} fails: ${percent(share)} of what ran in ${range.words}, ${jobs(failures)}.`,
      link: pageOf(entrypoint),
    }),
    (count) => `${countText(count)} more entrypoints fail often.`,
  )
}

function waiting({ depth, limits }: Facts): Concern[] {
  const paused = new Set(limits.filter((limit) => limit.paused).map(({ entrypoint }) => entrypoint))
  return some(
    depth.entrypoints.filter(
      ({ entrypoint, oldestWaitMs }) => (oldestWaitMs ?? 0) > longWaitMs && !paused.has(entrypoint),
    ),
    ({ entrypoint, oldestWaitMs, queued }) => ({
      level: "warning",
      text: `The oldest job of ${entrypoint} has waited ${durationText(oldestWaitMs!)}; ${jobs(queued.count)} wait.`,
      link: jobsOf(entrypoint, "queued"),
    }),
    (count) => `Jobs of ${countText(count)} more entrypoints wait long.`,
  )
}

function paused({ depth, limits }: Facts): Concern[] {
  const counts = new Map(depth.entrypoints.map(({ entrypoint, queued }) => [entrypoint, queued.count]))
  return some(
    limits.filter(({ paused, entrypoint }) => paused && (counts.get(entrypoint) ?? 0) > 0),
    ({ entrypoint }) => ({
      level: "warning",
      text: `${entrypoint} is paused; ${jobs(counts.get(entrypoint)!)} wait.`,
      link: jobsOf(entrypoint, "queued"),
    }),
    (count) => `${countText(count)} more entrypoints are paused.`,
  )
}

function rescued({ ends, range }: Facts): Concern[] {
  const count = ends.reduce((sum, { rescued }) => sum + rescued, 0)
  if (count === 0) return []
  const were = count === 1 ? "was" : "were"
  return [{ level: "warning", text: `${jobs(count)} ${were} taken over from dead workers in ${range.words}.` }]
}

/** The first few in a line each, the rest in one. */
function some<T>(all: readonly T[], describe: (one: T) => Concern, rest: (count: number) => string): Concern[] {
  const described = all.slice(0, mostOfAKind).map(describe)
  const left = all.length - described.length
  return left === 0 ? described : [...described, { level: described[0]!.level, text: rest(left) }]
}

function isAlive({ state }: WorkerRecord): boolean {
  return state === "running"
}

function jobsOf(entrypoint: string, status: string): Concern["link"] & {} {
  return { label: "Look", path: "/jobs", query: { status, entrypoint } }
}

function pageOf(entrypoint: string): Concern["link"] & {} {
  return { label: "Look", path: entrypointPath(entrypoint) }
}

function jobs(count: number): string {
  return `${countText(count)} ${count === 1 ? "job" : "jobs"}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}
