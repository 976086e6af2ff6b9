import type { JobPlan } from "../job-plan.ts"
import type { Participant } from "../participant.ts"
import type { Trial } from "../trial.ts"
import { costSince, startCost } from "./cost.ts"
import { newestId, untilEnded } from "./until-ended.ts"
import type { Measured } from "./workload.ts"

/** Enough for the compiler of V8; and every connection has then planned its statements. */
const warmUpJobs = 5_000

export interface DrainRequest {
  readonly plan: JobPlan
  /** Worker processes. */
  readonly workers?: number
  /** Jobs in a call of the enqueue that comes before. */
  readonly perCall?: number
}

/**
 * Lets workers end jobs that wait already. The clock goes from the start of the workers, in processes that have worked before,
 * until the end of every job is durably recorded.
 */
export async function measureDrain(
  trial: Trial,
  { plan, workers: size = 1, perCall = 1_000 }: DrainRequest,
): Promise<Measured> {
  const { producer } = trial
  const { entrypoints } = plan
  const workers = Array.from({ length: size }, () => trial.addParticipant())
  await warmUp(trial, workers, entrypoints)
  const before = await newestId(trial)
  await producer.do("enqueueBatches", { plan, perCall, connections: 1 })
  const start = await startCost(trial, workers)
  const handled = sumOfHandled(workers)
  const begin = performance.now()
  await Promise.all(workers.map((worker) => worker.do("startWorker", { entrypoints, goal: "throughput" })))
  await untilEnded(trial, { jobs: plan.count, after: before, handled: () => sumOfHandled(workers) - handled })
  const tookMs = performance.now() - begin
  await Promise.all(workers.map((worker) => worker.do("stopWorker")))
  return { rate: (plan.count / tookMs) * 1_000, ...(await costSince(start, trial, workers, plan.count)) }
}

/** Works for a while and stops, so that what is measured next starts with warm processes. */
async function warmUp(trial: Trial, workers: readonly Participant[], entrypoints: readonly string[]): Promise<void> {
  for (const worker of workers) {
    const after = await newestId(trial)
    const plan = { count: warmUpJobs, entrypoints }
    await trial.producer.do("enqueueBatches", { plan, perCall: 1_000, connections: 1 })
    await worker.do("startWorker", { entrypoints, goal: "throughput" })
    await untilEnded(trial, { jobs: warmUpJobs, after, handled: () => worker.handled })
    await worker.do("stopWorker")
  }
}

function sumOfHandled(workers: readonly Participant[]): number {
  return workers.reduce((sum, worker) => sum + worker.handled, 0)
}
