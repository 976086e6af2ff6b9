import type { JobPlan } from "../job-plan.ts"
import type { Trial } from "../trial.ts"
import { costSince, startCost } from "./cost.ts"
import type { Measured } from "./workload.ts"

/** Enqueues a plan in calls of `perCall` jobs on one connection, after a tenth of it to warm up. */
export async function measureBulkEnqueue(trial: Trial, plan: JobPlan, perCall: number): Promise<Measured> {
  const { producer } = trial
  const warmUp = Math.max(perCall, Math.round(plan.count / 10))
  await producer.do("enqueueBatches", { plan: { ...plan, count: warmUp }, perCall, connections: 1 })
  const start = await startCost(trial, [producer])
  const tookMs = await producer.do("enqueueBatches", { plan, perCall, connections: 1 })
  return { rate: (plan.count / tookMs) * 1_000, ...(await costSince(start, trial, [producer], plan.count)) }
}
