import type { Parameter, Row } from "../../ports/driver.js"
import type { NewJob, UniqueEnqueued, Wake, WakeUp, When } from "../../ports/job-store.js"

/** More names than this in one notification would come near its 8,000 bytes; it then speaks of all. */
const mostNamesInWakeUp = 16

export interface EnqueueUniqueRow extends EnqueueRow {
  readonly refused: readonly number[] | null
}

export interface EnqueueRow extends Row {
  readonly ids: string
  readonly seq: string | null
  readonly due: number | null
}

/** The parameters of the statement `enqueue`. */
export function enqueueParameters(jobs: readonly NewJob[], wake: Wake, channel: string): readonly Parameter[] {
  const names = namesForWakeUp(jobs)
  return [
    jobs.map((job) => job.entrypoint),
    sparse(jobs, (job) => (job.priority === 0 ? null : job.priority)),
    sparse(jobs, (job) => job.payload.json),
    sparse(jobs, (job) => job.payload.bytes),
    sparse(jobs, (job) => job.headers),
    sparse(jobs, (job) => delayOf(job.executeAfter)),
    sparse(jobs, (job) => timeOf(job.executeAfter)),
    sparse(jobs, (job) => job.maxAttempts),
    sparse(jobs, (job) => job.timeoutMs),
    sparse(jobs, (job) => delayOf(job.expireAfter)),
    sparse(jobs, (job) => timeOf(job.expireAfter)),
    wake === "none" ? null : channel,
    wake === "exact" && names !== undefined ? JSON.stringify(names) : null,
  ]
}

/** The parameters of the statement `enqueue_unique`. */
export function enqueueUniqueParameters(
  jobs: readonly NewJob[],
  ids: readonly string[],
  wake: Wake,
  channel: string,
): readonly Parameter[] {
  return [...enqueueParameters(jobs, wake, channel), jobs.map((job) => job.dedupeKey), ids]
}

export function readUniqueEnqueued(row: EnqueueUniqueRow, jobs: readonly NewJob[]): UniqueEnqueued {
  return { ...readEnqueued(row, jobs), refused: row.refused ?? [] }
}

export function readEnqueued(
  { ids, seq, due }: EnqueueRow,
  jobs: readonly NewJob[],
): { readonly ids: string[]; readonly wakeUp: WakeUp } {
  const entrypoints = namesForWakeUp(jobs)
  return { ids: ids.split(","), wakeUp: entrypoints === undefined ? {} : { entrypoints, seq, due } }
}

function delayOf(when: When | null): number | null {
  return when !== null && "delayMs" in when ? when.delayMs : null
}

function timeOf(when: When | null): Date | null {
  return when !== null && "at" in when ? when.at : null
}

function namesForWakeUp(jobs: readonly NewJob[]): string[] | undefined {
  const names = new Set<string>()
  for (const job of jobs) {
    names.add(job.entrypoint)
    if (names.size > mostNamesInWakeUp) return undefined
  }
  return [...names]
}

/** One value a job, or nothing at all when no job has one: `unnest` fills up with null. */
function sparse<T>(jobs: readonly NewJob[], pick: (job: NewJob) => T | null): (T | null)[] {
  const values = jobs.map(pick)
  return values.every((value) => value === null) ? [] : values
}
