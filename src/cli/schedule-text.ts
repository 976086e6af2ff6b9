import type { ScheduleRecord, ScheduleRunRecord } from "../ports/schedule-records.js"

export function stateText({ paused, orphaned }: ScheduleRecord): string {
  return [...(paused ? ["paused"] : []), ...(orphaned ? ["orphaned"] : [])].join(", ") || "active"
}

/** Of a job that was enqueued: how it ended, as soon as it has. */
export function resultText({ status, job }: ScheduleRunRecord): string {
  return job?.status ?? status
}
