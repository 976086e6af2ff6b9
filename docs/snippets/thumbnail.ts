import type { Job } from "pgqueuer"
import type { ThreadContext } from "pgqueuer/threads"

/** Runs in a thread: what it needs it imports itself. */
export function thumbnail(job: Job, { attempt }: ThreadContext) {
  const pixels = job.payload as number[]
  return { attempt, mean: pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length }
}
