import { costFigures, costSince, startCost } from "./cost.ts"
import type { Workload } from "./workload.ts"

const count = 10_000
const inFlight = 16

export const singleEnqueue: Workload = {
  id: "W2",
  title: "10,000 single enqueue calls, 16 in flight, each awaited until durable",
  figures: [{ name: "rate", unit: "jobs/s", better: "higher" }, ...costFigures],
  measure(inTrial) {
    return inTrial(async (trial) => {
      const { producer } = trial
      const plan = { count, entrypoints: ["noop"] }
      await producer.do("enqueueSingles", { plan: { ...plan, count: count / 10 }, inFlight })
      const start = await startCost(trial, [producer])
      const tookMs = await producer.do("enqueueSingles", { plan, inFlight })
      return { rate: (count / tookMs) * 1_000, ...(await costSince(start, trial, [producer], count)) }
    })
  },
}
