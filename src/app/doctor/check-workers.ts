import { durationText } from "../../domain/duration-text.js"
import type { HandLimitReading, WaitingReading } from "../../ports/health-store.js"
import type { WorkerRecord } from "../../ports/operation-store.js"
import { type Finding, finding } from "./diagnosis.js"

/** Longer than any worker takes that runs. */
const overdueMs = 60_000

/** Workers that are gone without a word, or are of several versions. */
export function checkWorkers(workers: readonly WorkerRecord[], now: Date): readonly Finding[] {
  const isAlive = workers.some(({ state }) => state === "running")
  const silent = workers
    .filter(({ state }) => state === "silent" || state === "lost")
    .filter(({ state, holds }) => state === "silent" || Object.keys(holds).length > 0)
    .map((worker) => silentFinding(worker, isAlive, now))
  const versions = [...new Set(workers.filter(({ state }) => state === "running").map(({ version }) => version))].sort()
  if (versions.length <= 1) return silent
  const message = `Workers run several versions of pgqueuer: ${versions.join(", ")}`
  const remedy = "Fine while you deploy; then replace the old ones."
  return [...silent, finding("note", "mixed-versions", message, remedy, { command: "pgq workers" })]
}

function silentFinding(worker: WorkerRecord, isAlive: boolean, now: Date): Finding {
  const held = Object.values(worker.holds).reduce((sum, count) => sum + count, 0)
  const holds = held === 0 ? "it holds no job" : `it holds ${held} ${held === 1 ? "job" : "jobs"}`
  const message = `Worker ${worker.id} (pid ${worker.pid} on ${worker.host}) gave its last sign of life ${durationText(worker.silentMs)} ago; ${holds}`
  const remedy = isAlive
    ? "The other workers declare it dead and take over what it holds. See why it fell silent: killed, cut off, or its event loop is blocked."
    : "No worker runs that could take over what it holds: start one."
  const since = new Date(now.getTime() - worker.silentMs)
  return finding(held > 0 && !isAlive ? "error" : "warning", "silent-worker", message, remedy, {
    command: "pgq workers",
    since,
  })
}

/** Entrypoints whose jobs wait in vain. */
export function checkWaiting(readings: readonly WaitingReading[], countAtMost: number): readonly Finding[] {
  return readings.flatMap((reading) => {
    if (reading.paused) return [pausedFinding(reading, countAtMost)]
    if (reading.queued > 0 && reading.workers === 0) return [unservedFinding(reading, countAtMost)]
    return (reading.overdueMs ?? 0) >= overdueMs ? [overdueFinding(reading, countAtMost)] : []
  })
}

function pausedFinding({ entrypoint, queued, overdue, since }: WaitingReading, countAtMost: number): Finding {
  const message = `The entrypoint ${entrypoint} is paused while ${jobs(queued + overdue, countAtMost)} of it ${queued + overdue === 1 ? "waits" : "wait"}`
  const remedy = "If nobody needs the pause any more, resume it."
  return finding("note", "paused", message, remedy, { command: `pgq resume ${shellWord(entrypoint)}`, since })
}

function unservedFinding({ entrypoint, queued, since }: WaitingReading, countAtMost: number): Finding {
  const message = `${jobs(queued, countAtMost)} of the entrypoint ${entrypoint} ${queued === 1 ? "waits" : "wait"}, and no running worker has a handler for it`
  const remedy =
    "Start a worker that has one; or, if the name is wrong, enqueue again under the right one and delete these."
  const command = `pgq jobs --status queued --entrypoint ${shellWord(entrypoint)}`
  return finding("warning", "no-worker", message, remedy, { command, since })
}

function overdueFinding({ entrypoint, overdue, overdueMs }: WaitingReading, countAtMost: number): Finding {
  const message = `${jobs(overdue, countAtMost)} of the entrypoint ${entrypoint} ${overdue === 1 ? "is" : "are"} due and not in line yet, the first for ${durationText(overdueMs ?? 0)}`
  const remedy = "Any running worker moves them: start one, or see why those that run don't (their log, duty promote)."
  return finding("warning", "overdue", message, remedy, { command: "pgq workers" })
}

/** Limits that were set by hand and are not what the code says. */
export function checkLimits(readings: readonly HandLimitReading[]): readonly Finding[] {
  return readings
    .filter(({ code, set }) => code !== set)
    .map(({ entrypoint, limit, code, set, changedAt }) => {
      const message = `${limit} of the entrypoint ${entrypoint} is ${set ?? "none"} by hand; the code says ${code ?? "none"}`
      const command = `pgq limits ${shellWord(entrypoint)} --reset`
      const remedy = "If it was meant for a while only, let the code's hold again."
      return finding("note", "limit-by-hand", message, remedy, { command, since: changedAt })
    })
}

function jobs(count: number, countAtMost: number): string {
  if (count === 1) return "1 job"
  return count >= countAtMost
    ? `${countAtMost.toLocaleString("en")} jobs or more`
    : `${count.toLocaleString("en")} jobs`
}

function shellWord(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
