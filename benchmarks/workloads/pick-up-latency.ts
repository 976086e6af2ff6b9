import { setTimeout as pause } from "node:timers/promises"
import type { Participant } from "../participant.ts"
import type { Trial } from "../trial.ts"
import { newestId, untilEnded } from "./until-ended.ts"
import type { Workload } from "./workload.ts"

const entrypoints = ["noop"]
const everyMs = 20

export const pickUpLatency: Workload = {
  id: "W5",
  title: "pick-up latency: idle worker, 500 jobs from another process, one every 20 ms, from the call to the handler",
  figures: [
    { name: "p50", unit: "ms", better: "lower" },
    { name: "p95", unit: "ms", better: "lower" },
    { name: "p99", unit: "ms", better: "lower" },
  ],
  measure(inTrial) {
    return inTrial(async (trial) => {
      const worker = trial.addParticipant()
      await worker.do("startWorker", { entrypoints, goal: "latency" })
      await enqueuePaced(trial, worker, 100)
      await trial.database.settle()
      await pause(500)
      const sorted = (await enqueuePaced(trial, worker, 500)).sort((a, b) => a - b)
      const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]
      return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    })
  },
}

async function enqueuePaced(trial: Trial, worker: Participant, count: number): Promise<number[]> {
  const after = await newestId(trial)
  const handled = worker.handled
  await trial.producer.do("enqueuePaced", { plan: { count, entrypoints }, everyMs })
  await untilEnded(trial, { jobs: count, after, handled: () => worker.handled - handled })
  return [...(await worker.do("takeLatencies"))]
}
