import { durationText } from "../domain/duration-text.js"
import { isFinal, type Status } from "../domain/status.js"
import type { CapableWorker, HoldingClaim, JobFacts, OperationStore, PastWorker } from "../ports/operation-store.js"

/** Why a job is not running, or where it is. */
export interface Explanation {
  readonly id: string
  readonly status: Status | "unknown"
  /** All that hold, the weightiest first. */
  readonly reasons: readonly Reason[]
}

export interface Reason {
  readonly code: ReasonCode
  /** A sentence for people; it may change between versions. */
  readonly text: string
}

/**
 * `unknown` no job has this id · `ended` · `held` failed for good and waits for a decision · `picked` a worker holds it ·
 * `worker-gone` that worker gives no sign of life · `stopping` it was asked to stop · `deferred` not before its time ·
 * `expired` it could not start in time · `paused` its entrypoint · `no-worker` nobody who runs has a handler for it ·
 * `concurrency-limit` `rate-limit` as many run or start as may · `behind` others are before it ·
 * `suspect` it was taken from a dead worker, and each worker runs one such job at a time · `ready` a worker should take it now.
 */
export type ReasonCode =
  | "unknown"
  | "ended"
  | "held"
  | "picked"
  | "worker-gone"
  | "stopping"
  | "deferred"
  | "expired"
  | "paused"
  | "no-worker"
  | "concurrency-limit"
  | "rate-limit"
  | "behind"
  | "suspect"
  | "ready"

/** Nobody needs to know how many more they are. */
const mostAhead = 10_000

/** A job in motion is in its new place within the time of a statement. */
const mostLooks = 5

export async function explain(store: OperationStore, id: string): Promise<Explanation> {
  let facts = await store.findFacts(id, mostAhead + 1)
  for (let look = 1; facts !== undefined && facts.status === null && look < mostLooks; look++) {
    facts = await store.findFacts(id, mostAhead + 1)
  }
  if (facts === undefined) {
    const text = "no job has this id: it was never enqueued here, was rolled back, or its history has been removed"
    return { id, status: "unknown", reasons: [{ code: "unknown", text }] }
  }
  return { id, status: facts.status ?? "queued", reasons: reasonsOf(id, facts) }
}

function reasonsOf(id: string, facts: JobFacts): readonly Reason[] {
  const status = facts.status ?? "queued"
  if (isFinal(status)) return [ended(status, facts)]
  if (status === "failed") return [held(id, facts)]
  if (status === "picked") return facts.claim === null ? [] : picked(facts.claim)
  return status === "deferred" ? whyDeferred(facts) : whyQueued(facts)
}

function ended(status: Status, { finishedAt, attempt, error }: JobFacts): Reason {
  const how = error === null ? "" : `: ${firstLine(error)}`
  return { code: "ended", text: `it ended as ${status} ${at(finishedAt)}, in attempt ${attempt}${how}` }
}

function held(id: string, { finishedAt, attempt, error }: JobFacts): Reason {
  const why = error === null ? "" : ` (${firstLine(error)})`
  return {
    code: "held",
    text: `it failed for good ${at(finishedAt)}, in attempt ${attempt}${why}, and is held for a decision: pgq requeue ${id}, or pgq delete ${id}`,
  }
}

function picked(claim: HoldingClaim): Reason[] {
  const since = `since ${durationText(claim.sinceMs)}`
  const reasons: Reason[] = []
  if (claim.stopping) reasons.push({ code: "stopping", text: "it was asked to stop, and ends when its handler does" })
  if (claim.ended || claim.silentMs === null || claim.timeoutMs === null) {
    const text = `${nameOf(claim)} held it ${since} and is gone: the next worker that runs puts it back into line`
    return [...reasons, { code: "worker-gone", text }]
  }
  const heartbeat = `its last heartbeat was ${durationText(claim.silentMs)} ago`
  reasons.push({ code: "picked", text: `${nameOf(claim)} holds it ${since}; ${heartbeat}` })
  if (claim.silentMs > claim.timeoutMs) {
    const text = `that is longer than its timeout of ${durationText(claim.timeoutMs)}: another worker, if one runs, takes the job over`
    reasons.push({ code: "worker-gone", text })
  }
  return reasons
}

function whyDeferred(facts: JobFacts): Reason[] {
  const dueInMs = facts.dueInMs ?? 0
  const what = facts.attempt > 1 ? `its attempt ${facts.attempt}` : "it"
  const text =
    dueInMs > 0
      ? `${what} starts in ${durationText(dueInMs)}, not before`
      : `${what} was due ${durationText(-dueInMs)} ago: the next worker that runs moves it into line`
  return [{ code: "deferred", text }, ...expired(facts), ...paused(facts), ...noWorker(facts)]
}

function whyQueued(facts: JobFacts): Reason[] {
  const obstacles = [
    ...expired(facts),
    ...paused(facts),
    ...noWorker(facts),
    ...concurrency(facts),
    ...rate(facts),
    ...suspect(facts),
    ...behind(facts),
  ]
  return obstacles.length > 0 ? obstacles : [ready(facts)]
}

function expired({ expiresInMs, attempt }: JobFacts): Reason[] {
  if (expiresInMs === null || expiresInMs > 0 || attempt > 1) return []
  const text = `it was not to start later than ${durationText(-expiresInMs)} ago: the next worker that runs ends it as deleted`
  return [{ code: "expired", text }]
}

function paused({ paused, entrypoint }: JobFacts): Reason[] {
  if (!paused) return []
  return [{ code: "paused", text: `the entrypoint ${entrypoint} is paused: pgq resume ${entrypoint}` }]
}

function noWorker({ workers, pastWorkers, entrypoint }: JobFacts): Reason[] {
  const alive = workers.filter((worker) => worker.silentMs <= worker.timeoutMs)
  if (alive.length > 0) return []
  const silent = workers.map((worker) => `${nameOf(worker)} was last heard of ${durationText(worker.silentMs)} ago`)
  const past = pastWorkers.map(farewell)
  const known = [...silent, ...past]
  const rest =
    known.length === 0
      ? "; none of the last week had one (is the name right?)"
      : `; of those that had one, ${known.join(", ")}`
  return [{ code: "no-worker", text: `no running worker has a handler for ${entrypoint}${rest}` }]
}

function concurrency({ concurrencyLimit, holders, workers }: JobFacts): Reason[] {
  const inUse = holders.reduce((sum, { holds }) => sum + holds, 0)
  if (concurrencyLimit === null || inUse < concurrencyLimit) return []
  const names = holders.map(({ worker, holds }) => {
    const known = workers.find((candidate) => candidate.worker === worker)
    return `${holds} by ${known === undefined ? `worker ${worker}` : nameOf(known)}`
  })
  const text = `${inUse} of its entrypoint are held, the concurrency limit is ${concurrencyLimit}: ${listOf(names)}`
  return [{ code: "concurrency-limit", text }]
}

function rate({ requestsPerSecond, nextStartInMs }: JobFacts): Reason[] {
  if (requestsPerSecond === null || nextStartInMs === null) return []
  const text = `its entrypoint starts at most ${requestsPerSecond} a second: the next free start is in ${durationText(nextStartInMs)}`
  return [{ code: "rate-limit", text }]
}

function suspect({ rescues }: JobFacts): Reason[] {
  if (rescues === 0) return []
  const times = rescues === 1 ? "once" : `${rescues} times`
  const text = `it was taken from a dead worker ${times}, and each worker runs one such job at a time`
  return [{ code: "suspect", text }]
}

function behind({ ahead, higher, workers }: JobFacts): Reason[] {
  if (ahead === 0) return []
  const holds = workers.reduce((sum, worker) => sum + worker.holds, 0)
  const count = ahead > mostAhead ? `more than ${mostAhead.toLocaleString("en")}` : ahead.toLocaleString("en")
  const urgent =
    higher === 0
      ? ""
      : higher >= ahead
        ? ", all of higher priority"
        : `, ${higher.toLocaleString("en")} of higher priority`
  const jobs = ahead === 1 ? "job of its entrypoint is" : "jobs of its entrypoint are"
  return [{ code: "behind", text: `${count} ${jobs} before it${urgent}; ${holds} are held now` }]
}

function ready({ workers }: JobFacts): Reason {
  const who = workers.length === 1 ? "1 running worker has" : `${workers.length} running workers have`
  return {
    code: "ready",
    text: `nothing is in its way: ${who} a handler for it and should take it now, unless busy with other entrypoints (pgq workers)`,
  }
}

function nameOf({
  worker,
  host,
  pid,
}: Pick<CapableWorker, "worker"> & { readonly host: string | null; readonly pid: number | null }) {
  return host === null ? `worker ${worker}` : `worker ${worker} (pid ${pid} on ${host})`
}

function farewell(worker: PastWorker): string {
  return `${nameOf(worker)} ${worker.lost ? "was declared dead" : "stopped"} ${at(new Date(worker.stoppedAt))}`
}

function listOf(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ")
}

function at(time: Date | null): string {
  return time === null ? "" : `at ${time.toISOString()}`
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0]!
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}
