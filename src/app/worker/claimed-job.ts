import type { Job } from "../../domain/job.js"
import type { ClaimedJob, Outcome, Report } from "../../ports/worker-store.js"

/** @throws Error when the job's row is gone or its payload is not JSON: somebody else wrote there */
export function asJob(claim: ClaimedJob): Job {
  if (claim.createdAt === null) throw new Error("the row of this job is missing from the job table")
  return {
    id: claim.id,
    entrypoint: claim.entrypoint,
    payload: claim.payloadBytes ?? (claim.payload === null ? undefined : JSON.parse(claim.payload)),
    headers: claim.headers === null ? {} : JSON.parse(claim.headers),
    priority: ~claim.rank,
    attempt: claim.attempt,
    createdAt: claim.createdAt,
  }
}

/** @param startedAt - by the clock of this process; undefined for a job that did not start */
export function reportOf(claim: ClaimedJob, startedAt: number | undefined, endedAt: number, outcome: Outcome): Report {
  const { token, id, entrypoint, settings } = claim
  const runMs = startedAt === undefined ? null : endedAt - startedAt
  const waitMs = startedAt === undefined ? null : waitOf(claim, startedAt)
  return { token, id, entrypoint, endedAt, runMs, waitMs, keyed: settings?.keyed === true, ...outcome }
}

/** From when a job could start to its first start; null for a later one. */
export function waitOf({ readyAt }: ClaimedJob, startedAt: number): number | null {
  return readyAt === null ? null : Math.max(0, startedAt - readyAt)
}
