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

export function reportOf(claim: ClaimedJob, endedAt: number, runMs: number, outcome: Outcome): Report {
  const { token, id, settings } = claim
  return { token, id, endedAt, runMs, keyed: settings?.keyed === true, ...outcome }
}
