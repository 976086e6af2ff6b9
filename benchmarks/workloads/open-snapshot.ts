import type { Participant } from "../participant.ts"
import type { Trial } from "../trial.ts"
import { newestId, untilEnded } from "./until-ended.ts"
import type { Workload } from "./workload.ts"

const rounds = 10
const plan = { count: 20_000, entrypoints: ["noop"] }

export const openSnapshot: Workload = {
  id: "W8",
  title:
    "10 rounds of enqueue and drain 20,000, a worker running, while a transaction with a snapshot and an xid stays open",
  figures: [
    { name: "round 10 / round 1", unit: "×", better: "higher" },
    { name: "last 3 / first 3", unit: "×", better: "higher" },
    ...Array.from({ length: rounds }, (_, index) => {
      return { name: `round ${index + 1}`, unit: "jobs/s", better: "higher" } as const
    }),
  ],
  measure(inTrial) {
    return inTrial(async (trial) => {
      const worker = trial.addParticipant()
      await worker.do("startWorker", { entrypoints: plan.entrypoints, goal: "throughput" })
      await oneRound(trial, worker)
      await trial.database.settle()
      const endSnapshot = await trial.database.holdSnapshot()
      const rates: number[] = []
      for (let round = 0; round < rounds; round++) rates.push(await oneRound(trial, worker))
      await endSnapshot()
      return {
        "round 10 / round 1": rates.at(-1)! / rates[0]!,
        "last 3 / first 3": mean(rates.slice(-3)) / mean(rates.slice(0, 3)),
        ...Object.fromEntries(rates.map((rate, index) => [`round ${index + 1}`, rate])),
      }
    })
  },
}

async function oneRound(trial: Trial, worker: Participant): Promise<number> {
  const after = await newestId(trial)
  const handled = worker.handled
  const begin = performance.now()
  await trial.producer.do("enqueueBatches", { plan, perCall: 1_000, connections: 1 })
  await untilEnded(trial, { jobs: plan.count, after, handled: () => worker.handled - handled })
  return (plan.count / (performance.now() - begin)) * 1_000
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
